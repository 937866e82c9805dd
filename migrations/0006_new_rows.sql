-- Rows that a group commit inserts travel as one array of these, for a per-row array cannot be unnested from
-- flat ones without a slice each: 7.2 us a row of sales_order with 27 flat arrays and slices, 5.4 with this.
-- A column added to a table later comes with a new type, so that an older service goes on working.

create type new_order as (
	order_id          uuid,
	dealer_id         int4,
	storefront_id     int4,
	owner_location_id int4,
	owner_staff_id    int4,
	policy_version    int4,
	split_version     int4,
	collector_id      int4,
	customer          int8,
	goods_fen         int8,
	delivery_fee_fen  int8,
	funded_fen        int8,
	fee_fen           int8,
	margin_fen        int8,
	created_at        timestamptz,
	pay_by            timestamptz,
	paid_at           timestamptz,
	owner_since       timestamptz,
	owner_source      int2,
	mark              int2,
	way               int2,
	accept_other_way  bool,
	order_ref         text,
	line_sku          int4[],
	line_qty          int4[],
	line_price_fen    int8[],
	line_cost_fen     int8[],
	line_discount_fen int8[],
	line_campaign     int4[]
);

create type new_fulfilment as (
	order_id       uuid,
	number         int2,
	attempt        int2,
	dealer_id      int4,
	location_id    int4,
	distance_m     int4,
	way            int2,
	state          int2,
	slot_from_min  int2,
	slot_to_min    int2,
	capacity_day   date,
	takes_capacity bool,
	promise_from   timestamptz,
	promise_to     timestamptz,
	offer_deadline timestamptz,
	accept_min     int4,
	line           int2[],
	sku_id         int4[],
	qty            int4[],
	goods_owner_id int4[],
	entitled_sku   int4[]
);

create type new_decision as (
	order_id      uuid,
	attempt       int2,
	dealer_id     int4,
	record        bytea,
	leg_kind      int2[],
	leg_party     int4[],
	leg_fen       int8[],
	leg_line      int2[],
	leg_part      int2[],
	funding_party int4[],
	funding_fen   int8[]
);
