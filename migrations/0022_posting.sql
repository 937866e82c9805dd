-- How decisions are written since their legs know their row: see 0006; an older service goes on with new_decision.
create type placed_decision as (
	order_id      uuid,
	attempt       int2,
	dealer_id     int4,
	record        bytea,
	leg_kind      int2[],
	leg_party     int4[],
	leg_fen       int8[],
	leg_line      int2[],
	leg_part      int2[],
	leg_row       int2[],  -- index in the part's lines; -1: the order's own
	funding_party int4[],
	funding_fen   int8[],
	line_of       int2[]   -- the order's lines that those of the decision are; null: all, in order
);

-- An R1 of units whose split is posted counts here, in its own commit; an E4 ends only what it has read: both find
-- the row with the changes they know, or read again.  So neither moves what the other has moved.
alter table settlement add column changes int4 not null default 0;
