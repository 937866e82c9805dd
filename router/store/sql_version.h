#ifndef ROUTER_STORE_SQL_VERSION_H
#define ROUTER_STORE_SQL_VERSION_H

/* Campaigns, policies and books of split rules: what orders hold by its name.  See sql_catalog_write.h. */
/* clang-format off */
#define VERSION_WRITE_STATEMENTS(X) \
	X(CAMPAIGN_FUNDERS_DIFFER, ON_QUERY, \
	    "select t.i::int4 from unnest($1::text[], $2::int4[], $3::int4[]) with ordinality t(code, f_lo, f_hi, i) " \
	    "join campaign c on c.code = t.code where c.funder_ids <> ($4::int4[])[f_lo:f_hi] " \
	    "or c.share_bps <> ($5::int4[])[f_lo:f_hi] order by t.i limit 1") \
	X(CAMPAIGN_UPSERT, ON_QUERY, \
	    "insert into campaign (code, name, funder_ids, share_bps, sku_ids, unit_max_fen, from_at, until_at, " \
	    "disabled) " \
	    "select code, name, ($8::int4[])[f_lo:f_hi], ($9::int4[])[f_lo:f_hi], " \
	    "coalesce(($10::int4[])[s_lo:s_hi], '{}'), unit_max, from_at, until_at, disabled " \
	    "from unnest($1::text[], $2::text[], $3::int4[], $4::int4[], $5::int4[], $6::int4[], $7::int8[], " \
	    "$11::timestamptz[], $12::timestamptz[], $13::bool[]) " \
	    "t(code, name, f_lo, f_hi, s_lo, s_hi, unit_max, from_at, until_at, disabled) order by code " \
	    "on conflict (code) do update set name = excluded.name, sku_ids = excluded.sku_ids, " \
	    "unit_max_fen = excluded.unit_max_fen, " \
	    "from_at = excluded.from_at, until_at = excluded.until_at, disabled = excluded.disabled") \
	X(POLICY_PUT, ON_QUERY, \
	    "insert into routing_policy (state, effective_from, body, note) values ($1, $2, $3::text::jsonb, $4) returning version") \
	X(BOOK_PUT, ON_QUERY, \
	    "insert into split_rule_book (state, effective_from, body, note) values ($1, $2, $3::text::jsonb, $4) returning version") \
	X(POLICY_GET, ON_QUERY, "select state, effective_from, body::text from routing_policy where version = $1") \
	X(BOOK_GET, ON_QUERY, "select state, effective_from, body::text from split_rule_book where version = $1") \
	X(POLICY_STATE, ON_QUERY, "update routing_policy set state = $2 where version = $1") \
	X(BOOK_STATE, ON_QUERY, "update split_rule_book set state = $2 where version = $1")
/* clang-format on */

#endif
