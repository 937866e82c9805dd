#ifndef SIMULATOR_PROVIDER_H
#define SIMULATOR_PROVIDER_H

/*
 * provider: `simulator provider` plays the payment provider: WeChat Pay v3, ordinary and service-provider mode
 * (sub_mchid names the payer; without it the payer is who signs).  HTTP on loopback.
 *
 * --dir holds what both sides are configured from, made when missing, mode 0600: merchant_key.pem and
 * merchant_serial (the service signs with them), platform_pub.pem and platform_serial (it verifies answers),
 * platform_key.pem (ours), apiv3_key, merchant_number.  A line "ready http://127.0.0.1:PORT" on stdout says
 * that it listens; SIGTERM ends it and prints the books.  With --book FILE the books survive a restart.
 *
 * Under /v3, signed both ways:
 *   POST profitsharing/receivers/add, receivers/delete    name: RSA-OAEP for platform_pub.pem, MERCHANT_ID needs one
 *   POST profitsharing/orders, orders/unfreeze            GET profitsharing/orders/{no}?transaction_id=[&sub_mchid=]
 *       (PERSONAL_* receivers need an appid; a name that is given must be encrypted, too)
 *   GET  profitsharing/transactions/{id}/amounts          GET profitsharing/merchant-configs/{sub_mchid}
 *   POST profitsharing/return-orders                      GET profitsharing/return-orders/{no}?out_order_no=
 *   POST refund/domestic/refunds                          GET refund/domestic/refunds/{no}[?sub_mchid=]
 *   GET  profitsharing/bills, bill/tradebill              ?bill_date=YYYY-MM-DD[&sub_mchid=][&tar_type=GZIP]
 *   GET  bill/fundflowbill                                ?bill_date=YYYY-MM-DD[&tar_type=GZIP]
 *   GET  bill/sub-merchant-fundflowbill                   the same, and sub_mchid, account_type=BASIC and
 *       algorithm=AEAD_AES_256_GCM: one file in a list, sealed for merchant_key.pem
 *   GET  billdownload/file?token=                         its answer is not signed
 * A request's timestamp may follow our clock or the machine's; the answer's timestamp follows the same one.
 * fundflowbill is that of who signs; the first two, without sub_mchid, have everybody's rows.  A day without
 * rows has no bill (NO_STATEMENT_EXIST), one that is not ready says STATEMENT_CREATING.  provider_bill_rows.c
 * says what is in them.
 *
 * Under /control, not signed.  POST bodies are JSON; a refusal is 400 {"error":"…"}; times are RFC 3339 or µs:
 *   payments {transaction_id, sub_mchid, amount, fee, paid_at, out_trade_no, profit_sharing}, or an array of
 *       them: money comes in.  sub_mchid empty or absent: who signs; profit_sharing is true when absent (the net
 *       is frozen).  The same again is no second payment; another body under the same id is refused.
 *   clock {now}: our clock from here on; it runs.  Releases what was frozen --freeze-days ("system").
 *   close {account, reason, count, transaction_id, what}: parts of splits for this receiver end CLOSED (what "return":
 *       his returns FAILED; what "refund": refunds of this payer end ABNORMAL, or CLOSED with reason CLOSED); reason is
 *       ACCOUNT_ABNORMAL when absent; count: so many, all when absent, 0: no more; transaction_id: only there.
 *   optin {account, on}: 同意分账回退, beside --return-optin; account "*": everybody.
 *   topup, withdraw {account, amount}: money into and out of a merchant's available.
 *   dispute {transaction_id, amount, action}: open moves available to disputed; won moves it back; lost takes it.
 *   conf {cap_bps, pending_polls, freeze_days, settle_s, qps}: each may be left out.  A split, return or refund
 *       is final once it was asked for pending_polls times; lowering it releases what waits.
 *   faults {fault_bps, FAULT_bps…, stall_ms, next, count, path}: see provider_faults.h.  next: the next count (1)
 *       requests whose path begins with path meet this fault.
 *   plant {date, kind, bill, amount}: that day's bill (trade, fund or split; trade) differs from the books in one thing:
 *       fee (one fen more), refund (one that nobody asked for, of amount or one yuan), missing (its last row left out), amount (a row one
 *       fen more), or is broken: summary, header, hash, truncated.  kind none: as the books say.
 *   GET books: {now, config, merchants: [{number, frozen, available, disputed, withdrawn, topped_up}],
 *       transactions: [{transaction_id, sub_mchid, out_trade_no, amount, fee, frozen, unsplit, finished, refunded,
 *       fee_refunded, disputed, splits: [{out_order_no, order_id, kind, state, requests, effects, receivers: [{type,
 *       account, amount, result, fail_reason, returned}]}], returns: [{out_return_no, out_order_no, return_mchid,
 *       amount, result, fail_reason, requests, effects}], refunds: [{out_refund_no, amount, fee, from, status,
 *       requests, effects}]}], counts: {requests, refused, faults, sign_errors, limited}}.  kind is split, unfreeze or
 *       system; requests: how often the number came; effects: how often money moved for it (1 when it is through).
 *       ?transaction_id= picks one.
 */
#include "base/err.h"

/* ${argv}[0] is the word "provider".  Runs until SIGTERM or SIGINT; the program's exit status. */
int provider_main(int argc, char **argv) MUST_CHECK;

#endif
