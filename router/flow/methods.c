/* methods: the one table of every RPC: who may call it, with which kind of scope, how large a body. */
#include "flow/app.h"
#include "flow/catalog_flow.h"
#include "flow/customer_flow.h"
#include "flow/dispute.h"
#include "flow/clock_flow.h"
#include "flow/finance_act.h"
#include "flow/order_flow.h"
#include "flow/payment_flow.h"
#include "flow/payout_flow.h"
#include "flow/period_flow.h"
#include "flow/preview.h"
#include "flow/production.h"
#include "flow/quote_flow.h"
#include "flow/read_flow.h"
#include "flow/recon_flow.h"
#include "flow/return_act.h"
#include "flow/return_list.h"
#include "flow/scorecard_flow.h"
#include "flow/shop_act.h"
#include "flow/statement.h"
#include "flow/store_act.h"
#include "flow/stock_flow.h"
#include "flow/store_flow.h"
#include "flow/stuck_call.h"
#include "flow/trail_flow.h"
#include "flow/webhook_flow.h"
#include "yuncang/v1/admin.pb-c.h"
#include "yuncang/v1/bill.pb-c.h"
#include "yuncang/v1/catalog.pb-c.h"
#include "yuncang/v1/customer.pb-c.h"
#include "yuncang/v1/finance.pb-c.h"
#include "yuncang/v1/finance_act.pb-c.h"
#include "yuncang/v1/ledger.pb-c.h"
#include "yuncang/v1/order.pb-c.h"
#include "yuncang/v1/statement.pb-c.h"
#include "yuncang/v1/stock.pb-c.h"
#include "yuncang/v1/store.pb-c.h"

#define SHOP (ROLE_STOREFRONT | ROLE_ADMIN)
#define SHOP_READ (ROLE_STOREFRONT | ROLE_FINANCE | ROLE_OPERATOR | ROLE_ADMIN)
#define SHOP_QUOTE (ROLE_STOREFRONT | ROLE_OPERATOR | ROLE_ADMIN)
#define STORE_READ (ROLE_STORE | ROLE_OPERATOR | ROLE_ADMIN)
#define STORE_WRITE (ROLE_STORE | ROLE_ADMIN)
#define STOCK_WRITE (ROLE_STORE | ROLE_OPERATOR | ROLE_ADMIN)
#define CLAIM_WRITE (ROLE_STOREFRONT | ROLE_STORE | ROLE_OPERATOR | ROLE_ADMIN)
#define OPERATE (ROLE_OPERATOR | ROLE_ADMIN)
#define FINANCE (ROLE_FINANCE | ROLE_ADMIN)
#define FINANCE_READ (ROLE_FINANCE | ROLE_OPERATOR | ROLE_ADMIN)

#define KIB INT64_C(1024)

/* method, request and response in protobuf-c's names, roles, scope, body limit (0: the setting's), start */
/* clang-format off */
#define ORDER_METHODS(X) \
	X(Quote, quote, SHOP_QUOTE, "storefront", 256 * KIB, quote_start) \
	X(SubmitOrder, submit_order, SHOP, "storefront", 256 * KIB, submit_start) \
	X(SubmitOrders, submit_orders, SHOP, "storefront", 0, submit_many_start) \
	X(ConfirmPayment, confirm_payment, SHOP, "storefront", 64 * KIB, confirm_start) \
	X(GetOrder, get_order, ROLE_ANY, "", 64 * KIB, get_order_start) \
	X(ListTerritoryDisputes, list_territory_disputes, ROLE_STORE | ROLE_FINANCE | OPERATE, "", 64 * KIB, \
	    list_territory_disputes_start) \
	X(ResolveTerritoryDispute, resolve_territory_dispute, OPERATE, "", 64 * KIB, \
	    resolve_territory_dispute_start) \
	X(RequestReturn, request_return, SHOP_QUOTE, "storefront", 64 * KIB, request_return_start) \
	X(ListOrders, list_orders, SHOP_READ, "storefront", 64 * KIB, list_orders_start) \
	X(ExplainOrder, explain_order, SHOP_READ, "", 64 * KIB, explain_order_start) \
	X(CancelOrder, cancel_order, SHOP, "storefront", 64 * KIB, cancel_order_start) \
	X(ListAlternatives, list_alternatives, SHOP_QUOTE, "storefront", 64 * KIB, list_alternatives_start) \
	X(ChooseAlternative, choose_alternative, SHOP, "storefront", 64 * KIB, choose_alternative_start) \
	X(ChangeOrder, change_order, SHOP, "storefront", 64 * KIB, change_order_start) \
	X(ListActs, list_acts, ROLE_ANY, "", 64 * KIB, list_acts_start)

#define STORE_METHODS(X) \
	X(ReportStock, report_stock, STOCK_WRITE, "location", 0, report_stock_start) \
	X(StartProduction, start_production, STOCK_WRITE, "location", 64 * KIB, start_production_start) \
	X(ListReturns, list_returns, STORE_READ, "location", 64 * KIB, list_returns_start) \
	X(ReceiveReturn, receive_return, STORE_WRITE, "location", 64 * KIB, receive_return_start) \
	X(DecideReturn, decide_return, STORE_WRITE, "location", 64 * KIB, decide_return_start) \
	X(ListTasks, list_tasks, STORE_READ, "location", 64 * KIB, list_tasks_start) \
	X(Accept, accept, STORE_WRITE, "location", 64 * KIB, accept_start) \
	X(Reject, reject, STORE_WRITE, "location", 64 * KIB, reject_start) \
	X(MarkShort, mark_short, STORE_WRITE, "location", 64 * KIB, mark_short_start) \
	X(MarkReady, mark_ready, STORE_WRITE, "location", 64 * KIB, mark_ready_start) \
	X(ConfirmCollection, confirm_collection, STORE_WRITE, "location", 64 * KIB, confirm_collection_start) \
	X(ReissueCode, reissue_code, STORE_WRITE | ROLE_STOREFRONT, "", 64 * KIB, reissue_code_start) \
	X(Dispatch, dispatch, STORE_WRITE, "location", 64 * KIB, dispatch_start) \
	X(ConfirmDelivery, confirm_delivery, STORE_WRITE, "location", 64 * KIB, confirm_delivery_start) \
	X(ReportLoss, report_loss, STORE_WRITE, "location", 64 * KIB, report_loss_start) \
	X(ReportDeliveryFailure, report_delivery_failure, STORE_WRITE, "location", 64 * KIB, \
	    report_delivery_failure_start) \
	X(Restock, restock, STORE_WRITE, "location", 64 * KIB, restock_start)

#define CATALOG_METHODS(X) \
	X(UpsertParties, upsert_parties, OPERATE, "", 0, upsert_parties_start) \
	X(UpsertDealers, upsert_dealers, OPERATE, "", 0, upsert_dealers_start) \
	X(UpsertTerritories, upsert_territories, OPERATE, "", 0, upsert_territories_start) \
	X(UpsertLocations, upsert_locations, OPERATE, "", 0, upsert_locations_start) \
	X(UpsertSlots, upsert_slots, OPERATE, "", 0, upsert_slots_start) \
	X(UpsertStorefronts, upsert_storefronts, OPERATE, "", 0, upsert_storefronts_start) \
	X(UpsertSkus, upsert_skus, OPERATE, "", 0, upsert_skus_start) \
	X(SetStockCounts, set_stock_counts, OPERATE | ROLE_STORE, "location", 0, set_stock_counts_start) \
	X(ApplyStockDeltas, apply_stock_deltas, OPERATE | ROLE_STORE, "location", 0, apply_stock_deltas_start) \
	X(UpsertEntitlements, upsert_entitlements, OPERATE, "", 0, upsert_entitlements_start) \
	X(UpsertCampaigns, upsert_campaigns, OPERATE, "", 0, upsert_campaigns_start) \
	X(UpsertClaims, upsert_claims, OPERATE | ROLE_STORE | ROLE_STOREFRONT, "", 0, upsert_claims_start) \
	X(PutRoutingPolicy, put_routing_policy, OPERATE, "", 0, put_routing_policy_start) \
	X(PutSplitRuleBook, put_split_rule_book, OPERATE, "", 0, put_split_rule_book_start) \
	X(SetVersionState, set_version_state, OPERATE, "", 64 * KIB, set_version_state_start) \
	X(ListScorecards, list_scorecards, ROLE_STORE | ROLE_FINANCE | OPERATE, "", 64 * KIB, list_scorecards_start)

#define CUSTOMER_METHODS(X) \
	X(Claim, claim, CLAIM_WRITE, "", 64 * KIB, claim_start) \
	X(GetOwner, get_owner, SHOP_READ, "storefront", 64 * KIB, get_owner_start) \
	X(GetStoreCode, get_store_code, STORE_READ, "location", 64 * KIB, get_store_code_start) \
	X(TransferOwnership, transfer_ownership, OPERATE, "", 64 * KIB, transfer_ownership_start)

/* Writes: FINANCE.  What is a dealer's own goes only to keys that may_see_dealer(). */
#define FINANCE_METHODS(X) \
	X(PreparePayouts, prepare_payouts, FINANCE, "", 64 * KIB, prepare_payouts_start) \
	X(ListPayoutBatches, list_payout_batches, FINANCE_READ, "", 64 * KIB, list_payout_batches_start) \
	X(ListPayouts, list_payouts, FINANCE_READ, "", 64 * KIB, list_payouts_start) \
	X(ExportPayoutBatch, export_payout_batch, FINANCE, "", 64 * KIB, export_payout_batch_start) \
	X(ListStuckCalls, list_stuck_calls, FINANCE_READ, "", 64 * KIB, list_stuck_calls_start) \
	X(EndStuckCall, end_stuck_call, FINANCE, "", 64 * KIB, end_stuck_call_start) \
	X(ConfirmPayout, confirm_payout, FINANCE, "", 64 * KIB, confirm_payout_start) \
	X(RecordWithdrawal, record_withdrawal, FINANCE, "", 64 * KIB, record_withdrawal_start) \
	X(ListRefunds, list_refunds, FINANCE_READ, "", 64 * KIB, list_refunds_start) \
	X(ConfirmRefund, confirm_refund, FINANCE, "", 64 * KIB, confirm_refund_start) \
	X(RecordFreight, record_freight, FINANCE, "", 64 * KIB, record_freight_start) \
	X(RecordClaim, record_claim, FINANCE, "", 64 * KIB, record_claim_start) \
	X(OpenDispute, open_dispute, FINANCE, "", 64 * KIB, open_dispute_start) \
	X(EndDispute, end_dispute, FINANCE, "", 64 * KIB, end_dispute_start) \
	X(Adjust, adjust, FINANCE, "", 64 * KIB, adjust_start) \
	X(RefundAmount, refund_amount, FINANCE, "", 64 * KIB, refund_amount_start) \
	X(ListProposals, list_proposals, FINANCE_READ, "", 64 * KIB, list_proposals_start) \
	X(ApproveProposal, approve_proposal, FINANCE, "", 64 * KIB, approve_proposal_start) \
	X(RejectProposal, reject_proposal, FINANCE, "", 64 * KIB, reject_proposal_start) \
	X(ClosePeriod, close_period, FINANCE, "", 64 * KIB, close_period_start) \
	X(ListPeriods, list_periods, FINANCE_READ, "", 64 * KIB, list_periods_start) \
	X(ImportBill, import_bill, FINANCE, "", 0, import_bill_start) \
	X(ReconcileBill, reconcile_bill, FINANCE, "", 64 * KIB, reconcile_bill_start) \
	X(ListBills, list_bills, FINANCE_READ, "", 64 * KIB, list_bills_start) \
	X(ListExceptions, list_exceptions, FINANCE_READ, "", 64 * KIB, list_exceptions_start) \
	X(AssignException, assign_exception, FINANCE, "", 64 * KIB, assign_exception_start) \
	X(ResolveException, resolve_exception, FINANCE, "", 64 * KIB, resolve_exception_start) \
	X(PreviewSplit, preview_split, FINANCE_READ, "", 256 * KIB, preview_split_start) \
	X(GetStatement, get_statement, FINANCE_READ, "", 64 * KIB, get_statement_start) \
	X(GetMoneyTimeline, get_money_timeline, FINANCE_READ, "", 64 * KIB, get_money_timeline_start)

#define ADMIN_METHODS(X) \
	X(MoveClock, move_clock, ROLE_ADMIN, "", 64 * KIB, move_clock_start) \
	X(UpsertWebhookEndpoint, upsert_webhook_endpoint, OPERATE, "", 64 * KIB, upsert_webhook_endpoint_start) \
	X(ListWebhookEndpoints, list_webhook_endpoints, OPERATE, "", 64 * KIB, list_webhook_endpoints_start) \
	X(RotateWebhookSecret, rotate_webhook_secret, OPERATE, "", 64 * KIB, rotate_webhook_secret_start) \
	X(ListDeadLetters, list_dead_letters, OPERATE, "", 64 * KIB, list_dead_letters_start) \
	X(ReplayDeadLetters, replay_dead_letters, OPERATE, "", 256 * KIB, replay_dead_letters_start)

#define ROW(service_name, method, word, role_bits, scope_kind, size, fn) \
	{.service = "yuncang.v1." service_name, .name = #method, \
	    .request = &yuncang__v1__##word##_request__descriptor, \
	    .response = &yuncang__v1__##word##_response__descriptor, \
	    .roles = role_bits, .scope = scope_kind, .body_size_max = size, .start = fn},

static struct method rows[] = {
#define X(method, word, roles, scope, size, fn) \
	ROW("OrderService", method, word, roles, scope, size, fn)
	ORDER_METHODS(X)
#undef X
#define X(method, word, roles, scope, size, fn) \
	ROW("StoreService", method, word, roles, scope, size, fn)
	STORE_METHODS(X)
#undef X
#define X(method, word, roles, scope, size, fn) \
	ROW("CatalogService", method, word, roles, scope, size, fn)
	CATALOG_METHODS(X)
#undef X
#define X(method, word, roles, scope, size, fn) \
	ROW("CustomerService", method, word, roles, scope, size, fn)
	CUSTOMER_METHODS(X)
#undef X
#define X(method, word, roles, scope, size, fn) \
	ROW("FinanceService", method, word, roles, scope, size, fn)
	FINANCE_METHODS(X)
#undef X
#define X(method, word, roles, scope, size, fn) \
	ROW("AdminService", method, word, roles, scope, size, fn)
	ADMIN_METHODS(X)
#undef X
	{.service = NULL},
};
/* clang-format on */

const struct method *
methods_table(struct app *app)
{
	for (struct method *m = rows; m->service != NULL; m++)
		m->ctx = app;
	return rows;
}
