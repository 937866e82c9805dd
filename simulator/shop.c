#include "simulator/shop.h"

#include <string.h>

static const char *const way_words[MIX_WAYS] = {"ship", "cloud", "pickup", "deliver"};

void
shop_refused(struct shop *s, enum mix_way way, const char *reason)
{
	struct tally *t = &s->tally;
	int i = 0;

	t->refused[way]++;
	while (i < t->reason_count && strcmp(t->reason[i].reason, reason) != 0)
		i++;
	if (i == t->reason_count) {
		if (i ==
		    REASONS_MAX) /* names come from one table of the service: more would be odd */
			i--;
		else
			(void)snprintf(t->reason[t->reason_count++].reason, REASON_SIZE, "%s",
			    reason);
	}
	t->reason[i].count[way]++;
}

static int64_t
sum(const int64_t v[MIX_WAYS])
{
	int64_t n = 0;

	for (int w = 0; w < MIX_WAYS; w++)
		n += v[w];
	return n;
}

static void
row_print(FILE *to, const char *word, const int64_t v[MIX_WAYS])
{
	(void)fprintf(to, "%-24s", word);
	for (int w = 0; w < MIX_WAYS; w++)
		(void)fprintf(to, " %10lld", (long long)v[w]);
	(void)fprintf(to, " %10lld\n", (long long)sum(v));
}

static void
latency_print(const struct shop *s, FILE *to)
{
	static const struct {
		const char *word;
		double q;
	} rows[] = {{"latency p50, ms", 0.5}, {"latency p99, ms", 0.99}, {"latency max, ms", 1.0}};
	struct latency all = {0};

	for (int w = 0; w < MIX_WAYS; w++)
		latency_merge(&all, &s->tally.way[w]);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		(void)fprintf(to, "%-24s", rows[i].word);
		for (int w = 0; w < MIX_WAYS; w++)
			(void)fprintf(to, " %10.1f",
			    (double)latency_quantile_us(&s->tally.way[w], rows[i].q) / 1000);
		(void)fprintf(to, " %10.1f\n", (double)latency_quantile_us(&all, rows[i].q) / 1000);
	}
}

void
shop_print(const struct shop *s, double seconds, FILE *to)
{
	const struct tally *t = &s->tally;
	int64_t acknowledged = sum(t->acknowledged);

	(void)fprintf(to, "\n%-24s", "orders by way");
	for (int w = 0; w < MIX_WAYS; w++)
		(void)fprintf(to, " %10s", way_words[w]);
	(void)fprintf(to, " %10s\n", "all");
	row_print(to, "started", t->started);
	row_print(to, "acknowledged", t->acknowledged);
	row_print(to, "refused", t->refused);
	for (int i = 0; i < t->reason_count; i++) {
		char word[REASON_SIZE + 4];

		(void)snprintf(word, sizeof(word), "  %s", t->reason[i].reason);
		row_print(to, word, t->reason[i].count);
	}
	latency_print(s, to);
	(void)fprintf(to, "%.1f s, %.0f orders/s acknowledged, %.2f million yuan\n", seconds,
	    (double)acknowledged / (seconds > 0 ? seconds : 1), (double)t->sold_fen / 1e8);
	(void)fprintf(to,
	    "quotes %lld, replies lost on purpose %lld, retries %lld, given up %lld\n",
	    (long long)t->quotes, (long long)t->cuts, (long long)t->retries, (long long)t->gave_up);
	(void)fprintf(to, "repeated submits %lld, same reference with another body %lld\n",
	    (long long)t->repeats, (long long)t->other_bodies);
	(void)fprintf(to,
	    "payments %lld (opened %lld, decided again %lld, unfillable %lld, second %lld), refused %lld, "
	    "left unpaid %lld\n",
	    (long long)t->payments, (long long)t->payment_outcome[1],
	    (long long)t->payment_outcome[2], (long long)t->payment_outcome[3],
	    (long long)t->payment_outcome[4], (long long)t->payments_refused,
	    (long long)t->left_unpaid);
}
