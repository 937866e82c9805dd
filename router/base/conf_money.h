#ifndef ROUTER_BASE_CONF_MONEY_H
#define ROUTER_BASE_CONF_MONEY_H

/* conf_money: the settings of everything behind an order's postings; rows of base/conf.h's table, like its own. */
/* clang-format off */
#define CONF_MONEY_TABLE(X) \
	X(exports_max, INT, 1, 256, "4", true, "exports of the books at once") \
	X(seal_poll_ms, MS, 10, 3600000, "500ms", true, "how often new journal rows are sealed into the books") \
	X(seal_rows_max, INT, 1, 20000, "2000", true, "journal rows of one sealed batch; those of one commit stay together") \
	X(wechat_url, TEXT, 0, 0, "", false, "base URL of WeChat Pay, https://api.mch.weixin.qq.com, or of who stands in for it; empty: nobody is paid through a provider") \
	X(wechat_mchid, TEXT, 0, 0, "", false, "our merchant number, which signs; other collectors are its sub-merchants") \
	X(wechat_appid, TEXT, 0, 0, "", false, "the appid that receivers of splits are named under") \
	X(wechat_serial, TEXT, 0, 0, "", false, "serial of the certificate of wechat_key_file") \
	X(wechat_key_file, TEXT, 0, 0, "", false, "PEM private key that signs requests; not readable by others") \
	X(wechat_platform_key_file, TEXT, 0, 0, "", false, "PEM public keys or certificates that answers are verified with, with commas between") \
	X(wechat_platform_serial, TEXT, 0, 0, "", false, "their serials, in the same order; the first encrypts names") \
	X(wechat_ca_file, TEXT, 0, 0, "", false, "PEM certificates that wechat_url is verified against; empty: the system's") \
	X(wechat_private_allowed, BOOL, 0, 0, "off", false, "wechat_url may lead to private and loopback addresses, too") \
	X(wechat_http_allowed, BOOL, 0, 0, "off", false, "wechat_url may begin with http://, too") \
	X(wechat_timeout_ms, MS, 50, 60000, "10s", true, "time WeChat Pay may take to answer; then the outcome is unknown and asked for") \
	X(wechat_rate, INT, 1, 1000, "30", true, "requests a second of one paying merchant that change something") \
	X(wechat_sends_max, INT, 1, 1024, "64", false, "requests to WeChat Pay at once") \
	X(wechat_poll_ms, MS, 10, 3600000, "500ms", true, "how often calls that are due are looked for; the first pause of what is asked about again") \
	X(split_cap_bps, INT, 0, 10000, "3000", true, "basis points of an order, less refunds, that the provider splits to others at most") \
	X(split_freeze_days, INT, 1, 400, "30", true, "days after a payment when the provider releases what was not split") \
	X(settle_poll_ms, MS, 20, 3600000, "500ms", true, "how often holds, results of payouts, refunds and releases that are due are looked for") \
	X(settle_lease_ms, MS, 1000, 3600000, "20s", true, "time an instance has to settle an order before another may") \
	X(settle_orders_max, INT, 1, 10000, "256", true, "orders of each reason that are taken at once to be settled") \
	X(settle_set_max, INT, 1, 1000, "64", true, "orders settled in one transaction") \
	X(settle_retry_ms, MS, 100, INT64_C(30) * 86400000, "1h", true, "until what the provider closed or refused is tried again") \
	X(split_margin_ms, MS, 0, INT64_C(30) * 86400000, "24h", true, "no split is begun so short before the provider releases its payment") \
	X(split_tries_max, INT, 1, 50, "3", true, "splits of one share that may be closed before it goes by bank") \
	X(split_return_days, INT, 1, 3650, "180", true, "days in which the provider takes a split back") \
	X(approval_min_fen, INT, 0, INT64_C(1000000000000000), "5000000", true, "payouts and other acts of finance of this many fen or more wait for a second person; 0: none do") \
	X(payout_prepare_ms, MS, 0, INT64_C(7) * 86400000, "24h", true, "how often what is owed is put into payout batches by itself, of each collector and rail; 0: by hand alone; a day, as banks take files, and long before the provider releases what waits for two persons") \
	X(bill_size_max, SIZE, 1024, INT64_C(1) << 40, "1GiB", true, "largest bill of a provider, inflated") \
	X(recon_tolerance_fen, INT, 0, 100, "1", true, "fen a line of a bill may differ from the books and be rounded off") \
	X(recon_exceptions_max, INT, 1, 1000000, "10000", true, "exceptions that one bill may open; with more it is left as it was imported") \
	X(recon_poll_ms, MS, 50, 3600000, "2s", true, "how often bills that wait to be matched are looked for") \
	X(recon_statement_ms_max, MS, 2000, 3600000, "15min", false, "time one statement that matches a bill may take") \
	X(recon_memory, SIZE, 65536, INT64_C(1) << 40, "64MiB", true, "work_mem of the statements that match a bill")
/* clang-format on */

#endif
