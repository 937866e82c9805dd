#include "simulator/audit_report.h"

#include <stdarg.h>

static const struct {
	const char *name;
	enum audit_class class;
	const char *text;
} checks[AUDIT_COUNT] = {
#define X(name, class, text) [AUDIT_##name] = {#name, CLASS_##class, text},
    AUDIT_TABLE(X)
#undef X
};

const char *
audit_check_name(enum audit_check c)
{
	return checks[c].name;
}

enum audit_class
audit_check_class(enum audit_check c)
{
	return checks[c].class;
}

void
audit_found(struct audit_report *r, enum audit_check c, const char *fmt, ...)
{
	va_list ap;

	r->found[c]++;
	if (r->to == NULL || r->shown++ >= AUDIT_SHOWN_MAX)
		return;
	(void)fprintf(r->to, "violation %s (%s): ", checks[c].name, checks[c].text);
	va_start(ap, fmt);
	(void)vfprintf(r->to, fmt, ap);
	va_end(ap);
	(void)fprintf(r->to, "\n");
}

int64_t
audit_report_class(const struct audit_report *r, enum audit_class c)
{
	int64_t n = 0;

	for (int i = 0; i < AUDIT_COUNT; i++)
		if (checks[i].class == c)
			n += r->found[i];
	return n;
}

int64_t
audit_report_all(const struct audit_report *r)
{
	int64_t n = 0;

	for (int i = 0; i < AUDIT_COUNT; i++)
		n += r->found[i];
	return n;
}

void
audit_report_print(const struct audit_report *r)
{
	if (r->to == NULL)
		return;
	for (int i = 0; i < AUDIT_COUNT; i++)
		if (r->found[i] > 0)
			(void)fprintf(r->to, "%-16s %8lld  %s\n", checks[i].name,
			    (long long)r->found[i], checks[i].text);
	if (r->recounted > 0)
		(void)fprintf(r->to,
		    "%lld stock levels were counted again below what had been promised: not judged\n",
		    (long long)r->recounted);
	(void)fprintf(r->to,
	    "audited %lld acknowledged orders, %lld orders, %lld payments, %lld journal rows\n",
	    (long long)r->acknowledged, (long long)r->orders, (long long)r->payments,
	    (long long)r->postings);
	if (r->day_over)
		(void)fprintf(r->to,
		    "%lld events told, %lld shelves\nday: stuck %lld undelivered %lld forged_accepted %lld\n",
		    (long long)r->told, (long long)r->shelves,
		    (long long)audit_report_class(r, CLASS_STUCK),
		    (long long)audit_report_class(r, CLASS_UNDELIVERED),
		    (long long)audit_report_class(r, CLASS_FORGED));
	if (r->money.judged)
		(void)fprintf(r->to, "money: unbalanced %lld unexplained %lld unpaid_due %lld\n",
		    (long long)r->money.unbalanced, (long long)r->money.unexplained,
		    (long long)r->money.unpaid_due);
	(void)fprintf(r->to, "audit: lost %lld oversold %lld unbalanced %lld duplicated %lld\n",
	    (long long)audit_report_class(r, CLASS_LOST),
	    (long long)audit_report_class(r, CLASS_OVERSOLD),
	    (long long)audit_report_class(r, CLASS_UNBALANCED),
	    (long long)audit_report_class(r, CLASS_DUPLICATED));
}
