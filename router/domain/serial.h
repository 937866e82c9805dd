#ifndef ROUTER_DOMAIN_SERIAL_H
#define ROUTER_DOMAIN_SERIAL_H

/*
 * serial: the numbers of single pieces, scanned when they are handed over.  That a number is not out already is
 * the database's to say: store/act_stock.h.
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

#define SERIAL_BYTES_MAX 64

/* What is handed over of one sku; lines of one sku are one. */
struct serial_need {
	int32_t sku;      /* id */
	int32_t quantity; /* pieces, all of them with a number; 0: the sku is not serialised */
};
struct serial {
	int32_t sku;
	const char *text;
};

/* 1 to 64 letters, digits and - _ . / : + # as scanners give them; upper and lower case differ. */
bool serial_valid(const char *text);

/**
 * serials_check(need, need_count, given, count, field, r):
 * Each piece of a serialised sku has its number, each number its piece, and none stands twice.
 *
 * BAD_FIELD, naming ${field}[n] or ${field}.
 */
enum err serials_check(const struct serial_need *need, int need_count, const struct serial *given,
    int count, const char *field, struct reason *r) MUST_CHECK;

#endif
