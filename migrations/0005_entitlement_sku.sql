-- Is a sku scarce?  A group commit asks it of what it takes from CLOUD without an entitlement.
create index entitlement_sku on entitlement (sku_id);
