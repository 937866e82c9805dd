#ifndef SIMULATOR_PROVIDER_BILL_H
#define SIMULATOR_PROVIDER_BILL_H

/*
 * provider_bill: one day in China as the provider tells it, the day after from ten o'clock, for 90 days.
 *
 * A file is UTF-8 with a byte order mark and CRLF: a header line and a line for each movement, every value behind a
 * backtick, then a header line and a line of sums.  Amounts are in yuan.  What each column holds is said in
 * provider_bill_rows.c.  The address that is answered holds for 30 seconds; what comes from there is not signed, but
 * its SHA-1 was (of the file before it is packed).
 */
#include "base/buf.h"
#include "simulator/provider_ask.h"
#include "simulator/provider_books.h"

#define BILL_FILES 32 /* addresses at once; the oldest goes */
#define BILL_SIZE_MAX ((size_t)512 << 20)
#define TOKEN_SIZE 33

enum bill_kind { BILL_TRADE, BILL_FUND, BILL_SPLIT };

struct bill_file {
	char token[TOKEN_SIZE]; /* "": free */
	int64_t until_us;
	uint8_t *data;
	size_t len;
};

struct bill_files {
	struct bill_file file[BILL_FILES];
	int next;
};

void bill_files_release(struct bill_files *f);

/**
 * bill_call(f, b, q, port, a):
 * Answers the three methods that name a bill, and the download.
 *
 * ERR_NOT_FOUND: it is none of them.
 */
enum err bill_call(struct bill_files *f, struct books *b, struct ask *q, uint16_t port,
    struct answer *a) MUST_CHECK;

struct bill_wanted {
	enum bill_kind kind;
	int64_t day;
	const char *payer; /* his rows alone; NULL: everybody's */
	const char *plant; /* a kind of /control/plant; NULL: as the books say */
	int64_t plant_fen; /* of a refund; 0: one yuan */
};

/* ERR_NOT_FOUND: there is nothing to tell. */
enum err bill_write(const struct books *b, const struct bill_wanted *w, struct buf *out) MUST_CHECK;

#endif
