#ifndef SIMULATOR_DAY_GOODS_H
#define SIMULATOR_DAY_GOODS_H

/* day_goods: what everybody needs who has goods of an order in hand: references, staff, lines, serial numbers. */
#include "simulator/day.h"
#include "yuncang/v1/order.pb-c.h"
#include "yuncang/v1/store.pb-c.h"

#define JOB_LINES_MAX 8
#define JOB_ID_SIZE 40

struct job_line {
	int32_t line, quantity;
	bool serialised, made_to_order;
};

/* A reference never used before. */
const char *day_ref(struct day *d, char out[DAY_REF_SIZE]);
/* The manager of who runs a location. */
const char *day_staff(const struct day *d, const char *location, char out[WORLD_CODE_SIZE]);
/* The number in "K00012" and its like; -1: it is none. */
int64_t day_code_number(const char *code);

/* Lines of a part; false: more than fit. */
bool job_lines(const struct world *w, const Yuncang__V1__Part *p, struct job_line *out, int *count);

#define SERIAL_SIZE 64
#define SERIALS_MAX 16
/* Numbers of the units of one fulfilment: the same each time they are asked for. */
struct job_serials {
	Yuncang__V1__Serials message[JOB_LINES_MAX], *list[JOB_LINES_MAX];
	char *text[JOB_LINES_MAX][SERIALS_MAX];
	char store[JOB_LINES_MAX][SERIALS_MAX][SERIAL_SIZE];
	size_t count;
};
void job_serials_fill(struct job_serials *s, const char *order_id, int number,
    const struct job_line *line, int line_count);

#endif
