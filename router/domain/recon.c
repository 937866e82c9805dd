#include "domain/recon.h"

/* ---- What may be said of which ------------------------------------------------------------------ */

static enum err
refuse(struct reason *r, const char *text)
{
	return reason_set(r, ERR_WRONG_STATE, "resolution", "%s", text);
}

enum err
recon_judge(const struct recon_difference *d, enum recon_resolution how, struct reason *r)
{
	const bool stands = d->recon_fen != 0 || d->rebate_fen != 0;

	switch (how) {
	case RESOLVED_WAIVED:
		return stands ? refuse(r, "something stands on C:recon: where does it go?")
		              : ERR_OK;
	case RESOLVED_LOSS: /* it never moved; what is released does not move anyway */
		if (!stands && d->reason == REASON_NOT_ON_BILL && d->class != CLASS_RELEASE)
			return ERR_OK;
		break;
	case RESOLVED_REFUND:
		if (d->reason != REASON_NOT_IN_BOOKS || d->class != CLASS_REFUND)
			return refuse(r, "it is no refund that the books do not have");
		break;
	case RESOLVED_ENTRY:
		if (d->reason != REASON_NOT_IN_BOOKS)
			return refuse(r, "the books have it under this number");
		break;
	case RESOLVED_PSP_FEE:
	case RESOLVED_ROUNDING:
		break;
	}
	return stands ? ERR_OK : refuse(r, "nothing stands on C:recon: it may be waived");
}

/* ---- What is posted ----------------------------------------------------------------------------- */

static void
own(struct posting *p, enum account_kind k, int64_t fen)
{
	posting_add(p, account_number(k, PROVIDER_NONE, 0, 0), fen, 0);
}

static void
at_provider(struct posting *p, const struct recon_difference *d, enum account_kind k, int64_t fen)
{
	posting_add(p, account_number(k, d->provider, d->collector, 0), fen, 0);
}

/* ${to} bears it. */
static void
borne(struct posting *p, const struct recon_difference *d, enum account_kind to)
{
	if (d->reason == REASON_NOT_ON_BILL) { /* it never moved */
		own(p, to, d->fen);
		at_provider(p, d, ACCOUNT_PSP_AVAILABLE, -d->fen);
		return;
	}
	own(p, to, d->recon_fen - d->rebate_fen);
	own(p, ACCOUNT_C_RECON, -d->recon_fen);
	at_provider(p, d, ACCOUNT_PSP_FEE_REBATE, d->rebate_fen);
}

enum err
recon_resolved(const struct recon_difference *d, enum recon_resolution how,
    const struct recon_refund *refund, struct posting *out)
{
	posting_begin(out, EVENT_K_RECON);
	switch (how) {
	case RESOLVED_PSP_FEE:
		borne(out, d, ACCOUNT_X_PSP_FEE);
		break;
	case RESOLVED_LOSS:
		borne(out, d, ACCOUNT_X_LOSS);
		break;
	case RESOLVED_ROUNDING:
		borne(out, d, ACCOUNT_X_ROUNDING);
		break;
	case RESOLVED_REFUND:
		/* R1 expected that much of the fee back; what did not come is the operator's. */
		own(out, ACCOUNT_C_REFUND, refund->fen);
		own(out, ACCOUNT_C_RECON, -d->recon_fen);
		at_provider(out, d, ACCOUNT_PSP_FEE_REBATE, d->rebate_fen - refund->rebate_fen);
		own(out, ACCOUNT_X_PSP_FEE,
		    d->recon_fen - refund->fen + refund->rebate_fen - d->rebate_fen);
		break;
	case RESOLVED_ENTRY: /* K1 once more, the other way round */
		own(out, ACCOUNT_C_RECON, -d->recon_fen);
		at_provider(out, d, ACCOUNT_PSP_AVAILABLE, d->recon_fen - d->rebate_fen);
		at_provider(out, d, ACCOUNT_PSP_FEE_REBATE, d->rebate_fen);
		break;
	case RESOLVED_WAIVED:
		break;
	}
	return posting_end(out);
}
