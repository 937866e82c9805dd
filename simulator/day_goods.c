#include "simulator/day_goods.h"

#include <stdio.h>

#include "base/parse.h"

int64_t
day_code_number(const char *code)
{
	int64_t n;

	return code[0] != '\0' && parse_i64(code + 1, 0, INT32_MAX, &n) == ERR_OK ? n : -1;
}

const char *
day_ref(struct day *d, char out[DAY_REF_SIZE])
{
	static uint64_t refs;

	(void)snprintf(out, DAY_REF_SIZE, "%s-a%llu", d->shop.mix.tag, (unsigned long long)++refs);
	return out;
}

/* load_rows.c: M00000 works for the brand, M00001 for the first dealer, and so on. */
const char *
day_staff(const struct day *d, const char *location, char out[WORLD_CODE_SIZE])
{
	int64_t store = location[0] == 'S' ? day_code_number(location) : -1;
	int32_t dealer = BY_BRAND;

	if (store >= 0 && store < d->world->store_count)
		dealer = d->world->stores[store].dealer;
	return world_code(out, 'M', dealer + 1);
}

bool
job_lines(const struct world *w, const Yuncang__V1__Part *p, struct job_line *out, int *count)
{
	*count = 0;
	if (p->n_lines > JOB_LINES_MAX)
		return false;
	for (size_t i = 0; i < p->n_lines; i++) {
		int64_t sku = day_code_number(p->lines[i]->sku);

		if (sku < 0 || sku >= SKU_COUNT || p->lines[i]->quantity > SERIALS_MAX)
			return false;
		out[(*count)++] = (struct job_line){.line = p->lines[i]->line,
		    .quantity = p->lines[i]->quantity,
		    .serialised = w->wares[sku].serialised,
		    .made_to_order = w->wares[sku].made_to_order};
	}
	return true;
}

void
job_serials_fill(struct job_serials *s, const char *order_id, int number,
    const struct job_line *line, int line_count)
{
	s->count = 0;
	for (int i = 0; i < line_count; i++) {
		Yuncang__V1__Serials *m = &s->message[s->count];

		if (!line[i].serialised)
			continue;
		*m = (Yuncang__V1__Serials)YUNCANG__V1__SERIALS__INIT;
		m->line = line[i].line;
		for (int k = 0; k < line[i].quantity; k++) {
			(void)snprintf(s->store[s->count][k], SERIAL_SIZE, "SN-%s-%d-%d-%d",
			    order_id, number, (int)line[i].line, k);
			s->text[s->count][k] = s->store[s->count][k];
		}
		m->serials = s->text[s->count];
		m->n_serials = (size_t)line[i].quantity;
		s->list[s->count++] = m;
	}
}
