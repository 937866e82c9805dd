#ifndef SIMULATOR_DAY_RPC_H
#define SIMULATOR_DAY_RPC_H

/*
 * day_rpc: a call of the day: sent until it is answered, over lost replies; now and then a reply is lost on
 * purpose, and now and then a write is sent again after its answer, which must be the same bytes.
 */
#include "simulator/day.h"
#include "simulator/rpc.h"

/* name, service, response as protobuf-c names it, whose connections, may be repeated */
/* clang-format off */
#define DAY_METHODS(X) \
	X(ListTasks, Store, list_tasks, screens, false) \
	X(Accept, Store, accept, acts, true) \
	X(Reject, Store, reject, acts, true) \
	X(MarkShort, Store, mark_short, acts, true) \
	X(MarkReady, Store, mark_ready, acts, true) \
	X(ConfirmCollection, Store, confirm_collection, acts, true) \
	X(ReissueCode, Store, reissue_code, fronts, true) \
	X(Dispatch, Store, dispatch, acts, true) \
	X(ConfirmDelivery, Store, confirm_delivery, acts, true) \
	X(ReportLoss, Store, report_loss, acts, true) \
	X(ReportDeliveryFailure, Store, report_delivery_failure, acts, true) \
	X(Restock, Store, restock, acts, true) \
	X(ReportStock, Store, report_stock, acts, false) \
	X(StartProduction, Store, start_production, acts, true) \
	X(ReceiveReturn, Store, receive_return, acts, true) \
	X(GetOrder, Order, get_order, fronts, false) \
	X(CancelOrder, Order, cancel_order, fronts, true) \
	X(ListAlternatives, Order, list_alternatives, fronts, false) \
	X(ChooseAlternative, Order, choose_alternative, fronts, true) \
	X(ChangeOrder, Order, change_order, fronts, true) \
	X(RequestReturn, Order, request_return, fronts, true) \
	X(ConfirmPayment, Order, confirm_payment, fronts, true) \
	X(UpsertWebhookEndpoint, Admin, upsert_webhook_endpoint, acts, false) \
	X(ReplayDeadLetters, Admin, replay_dead_letters, acts, false)
/* clang-format on */

enum day_method {
#define X(name, service, word, side, again) DAY_##name,
	DAY_METHODS(X)
#undef X
	    DAY_METHOD_COUNT
};

/* ${a}: RPC_OK, RPC_REFUSED, or RPC_AGAIN when it was given up. */
typedef void day_answer_fn(void *ctx, const struct rpc_answer *a);

/* ${done} runs once, later.  No memory ends the day. */
void day_call(struct day *d, enum day_method m, const ProtobufCMessage *q, day_answer_fn *done,
    void *ctx);
/* At the end: what is under way is forgotten.  The clients must be gone. */
void day_calls_drop(struct day *d);

#endif
