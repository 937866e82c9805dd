#include "simulator/month_report.h"

#include <stdarg.h>
#include <stddef.h>

static const struct {
	const char *name, *text;
	size_t figure; /* where in struct audit_money */
} checks[MONTH_CHECK_COUNT] = {
#define X(name, figure, text) [MONTH_##name] = {#name, text, offsetof(struct audit_money, figure)},
    MONTH_TABLE(X)
#undef X
};

void
month_found(struct month_report *r, enum month_check c, const char *fmt, ...)
{
	va_list ap;

	r->found[c]++;
	if (r->to == NULL || r->shown++ >= AUDIT_SHOWN_MAX)
		return;
	(void)fprintf(r->to, "money %s (%s): ", checks[c].name, checks[c].text);
	va_start(ap, fmt);
	(void)vfprintf(r->to, fmt, ap);
	va_end(ap);
	(void)fprintf(r->to, "\n");
}

void
month_report_print(const struct month_report *r)
{
	if (r->to == NULL)
		return;
	for (int i = 0; i < MONTH_CHECK_COUNT; i++)
		if (r->found[i] > 0)
			(void)fprintf(r->to, "%-16s %8lld  %s\n", checks[i].name,
			    (long long)r->found[i], checks[i].text);
	(void)fprintf(r->to,
	    "compared %lld journal rows, %lld statements, %lld payments and %lld effects at the provider\n",
	    (long long)r->rows, (long long)r->statements, (long long)r->payments,
	    (long long)r->effects);
}

struct audit_money
month_report_money(const struct month_report *r)
{
	struct audit_money m = {.judged = true};

	for (int i = 0; i < MONTH_CHECK_COUNT; i++)
		*(int64_t *)(void *)((char *)&m + checks[i].figure) += r->found[i];
	return m;
}
