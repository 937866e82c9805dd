-- An order that its customer changes: another address, another way.

-- How often its units were decided on again.  A payment opens only the fulfilments that it has read, so it names
-- the number it knows.
alter table sales_order add column changes int2 not null default 0;

-- Another address replaces the old one: personal data stands once.
grant update on contact to yuncang_service;
