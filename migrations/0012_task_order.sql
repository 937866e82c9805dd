-- A location's screens show the nearest deadline first: an offer's, or else the end of the promise.  With the
-- deadline in the index a page is read from its first row on, also where a hundred thousand tasks lie (the cloud
-- warehouse); store/sql_order.h has the same expression.
drop index fulfilment_task;
create index fulfilment_task on fulfilment
	(location_id, state, (coalesce(case when state = 2 then offer_deadline end, promise_to)), order_id)
	where state in (2, 3, 6, 8, 9, 11, 12);
