-- What is frozen by its name: funders of a campaign, and books and policies by version.  Orders of years ago are
-- reckoned again with them.

revoke update on campaign, split_rule_book, routing_policy from yuncang_service;
grant update (name, sku_ids, unit_max_fen, from_at, until_at, disabled) on campaign to yuncang_service;
grant update (state) on split_rule_book, routing_policy to yuncang_service;
revoke delete on campaign, split_rule_book, routing_policy from yuncang_service;
