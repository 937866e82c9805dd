-- serve and check read which migrations were applied before they change role: a login that is only a member of
-- yuncang_service must be able to.
grant select on schema_migration to yuncang_service;
