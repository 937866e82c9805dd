/*
 * audit_stock: what lies on a shelf is what was counted there last, less what was handed over and sold over the
 * counter since, and with what came back.
 */
#include "simulator/audit.h"
#include "simulator/audit_acks.h"
#include "simulator/audit_db.h"

/* On hand with everything since the stored count taken back: that count again. */
#define SHELVES_SQL \
	"with gone as materialized (select s.location_id, s.sku_id, s.goods_owner_id, sum(u.qty) n from fulfilment f, " \
	"unnest(f.sku_id, f.goods_owner_id, f.qty) u(sku, owner, qty), stock_level s " \
	"where s.location_id = f.location_id and s.sku_id = u.sku and s.goods_owner_id = u.owner " \
	"and f.handed_at > s.counted_at group by 1, 2, 3), " \
	"back as materialized (select s.location_id, s.sku_id, s.goods_owner_id, sum(b.qty) n from stock_back b " \
	"join stock_level s using (location_id, sku_id, goods_owner_id) where b.at > s.counted_at group by 1, 2, 3), " \
	"sold as materialized (select s.location_id, s.sku_id, s.goods_owner_id, sum(d.delta) n from stock_delta d " \
	"join stock_level s using (location_id, sku_id, goods_owner_id) where d.at > s.counted_at " \
	"and d.order_id is null group by 1, 2, 3) " \
	"select l.code, k.code, p.code, s.on_hand, s.on_hand + coalesce(g.n, 0) - coalesce(b.n, 0) - coalesce(d.n, 0), " \
	"coalesce(g.n, 0), coalesce(b.n, 0), coalesce(d.n, 0) from stock_level s " \
	"join location l using (location_id) join sku k using (sku_id) join party p on p.party_id = s.goods_owner_id " \
	"left join gone g using (location_id, sku_id, goods_owner_id) " \
	"left join back b using (location_id, sku_id, goods_owner_id) " \
	"left join sold d using (location_id, sku_id, goods_owner_id)"

enum err
audit_stock(PGconn *db, const struct audit_acks *acks, struct audit_report *r)
{
	PGresult *rows = audit_query(db, SHELVES_SQL);

	if (rows == NULL)
		return ERR_IO;
	for (int i = 0; i < PQntuples(rows); i++) {
		const struct audit_count *c = audit_acks_counted(acks, audit_text(rows, i, 0),
		    audit_text(rows, i, 1), audit_text(rows, i, 2));

		if (c == NULL)
			continue;
		r->shelves++;
		if (c->count != audit_int(rows, i, 4))
			audit_found(r, AUDIT_ON_HAND,
			    "location %s sku %s goods of %s: counted %lld, %s left, %s came back, tills "
			    "%s since; on hand %s",
			    c->location, c->sku, c->goods_owner, (long long)c->count,
			    audit_text(rows, i, 5), audit_text(rows, i, 6), audit_text(rows, i, 7),
			    audit_text(rows, i, 3));
	}
	PQclear(rows);
	return ERR_OK;
}
