#ifndef ROUTER_STORE_STATEMENTS_H
#define ROUTER_STORE_STATEMENTS_H

/*
 * statements: every SQL statement the running service sends, one list, prepared on each connection of its
 * kind.  The rows stand by subject in sql_*.h: X(name, pools that prepare it, "sql").
 * A test prepares all of them against a fresh database.
 */
#include "store/sql_act.h"
#include "store/sql_batch.h"
#include "store/sql_bill.h"
#include "store/sql_catalog.h"
#include "store/sql_ledger.h"
#include "store/sql_order.h"
#include "store/sql_owner.h"
#include "store/sql_period.h"
#include "store/sql_payout.h"
#include "store/sql_proposal.h"
#include "store/sql_provider.h"
#include "store/sql_recon.h"
#include "store/sql_recon_open.h"
#include "store/sql_return.h"
#include "store/sql_seal.h"
#include "store/sql_settle.h"
#include "store/sql_start.h"
#include "store/sql_statement.h"
#include "store/sql_timeline.h"
#include "store/sql_tell.h"

#define ON_QUERY 1
#define ON_BATCH 2

/* clang-format off */
#define STATEMENT_TABLE(X) \
	ACT_STATEMENTS(X) \
	BATCH_STATEMENTS(X) \
	BILL_STATEMENTS(X) \
	CATALOG_STATEMENTS(X) \
	LEDGER_STATEMENTS(X) \
	ORDER_STATEMENTS(X) \
	OWNER_STATEMENTS(X) \
	PAYOUT_STATEMENTS(X) \
	PERIOD_STATEMENTS(X) \
	PROPOSAL_STATEMENTS(X) \
	PROVIDER_STATEMENTS(X) \
	RECON_STATEMENTS(X) \
	RECON_OPEN_STATEMENTS(X) \
	RETURN_STATEMENTS(X) \
	SEAL_STATEMENTS(X) \
	SETTLE_STATEMENTS(X) \
	DEPOSIT_STATEMENTS(X) \
	DISPUTE_STATEMENTS(X) \
	EXPORT_STATEMENTS(X) \
	EXPORT_JOURNAL_STATEMENTS(X) \
	PARTY_STATEMENTS(X) \
	TIMELINE_STATEMENTS(X) \
	START_STATEMENTS(X) \
	WEBHOOK_STATEMENTS(X) \
	TELL_STATEMENTS(X)
/* clang-format on */

enum stmt {
#define X(name, pools, sql) STMT_##name,
	STATEMENT_TABLE(X)
#undef X
	    STMT_COUNT
};

struct statement {
	const char *name;
	const char *sql;
	int pools;
};
extern const struct statement statements[STMT_COUNT];

#endif
