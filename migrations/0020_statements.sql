-- What is frozen by its name: funders of a campaign, and books and policies by version.  Orders of years ago are
-- reckoned again with them.

revoke update on campaign, split_rule_book, routing_policy from yuncang_service;
grant update (name, sku_ids, unit_max_fen, from_at, until_at, disabled) on campaign to yuncang_service;
grant update (state) on split_rule_book, routing_policy to yuncang_service;
revoke delete on campaign, split_rule_book, routing_policy from yuncang_service;

-- ---- Words ----------------------------------------------------------------------------------------------

-- domain/event_word.c says the same.
create function event_word(event int) returns text language sql immutable parallel safe as $$
	select coalesce((array['E1', 'E2', 'E3', 'E4', 'E5', 'E6', 'E7', 'E8', 'R1', 'R2', 'R3', 'F', 'D', 'L', 'J', 'K', 'E7d',
	    'E6c'])[event], '?')
$$;
-- enum leg_kind; '' is cash and clearing.
create function leg_word(kind int) returns text language sql immutable parallel safe as $$
	select coalesce((array['cost', 'margin', 'transfer', 'handling', 'platform_fee', 'provider_fee', 'staff',
	    'delivery_income', 'courier', 'shortfall', 'channel'])[kind], '')
$$;
