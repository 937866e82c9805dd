#ifndef ROUTER_DOMAIN_LEG_KIND_H
#define ROUTER_DOMAIN_LEG_KIND_H

/* leg_kind: what somebody earns a part of an order for.  The numbers are the proto's and stand in tables. */
/* clang-format off */
enum leg_kind { LEG_COST = 1, LEG_MARGIN, LEG_TRANSFER, LEG_HANDLING, LEG_PLATFORM_FEE,
	LEG_PROVIDER_FEE, LEG_STAFF, LEG_DELIVERY_INCOME, LEG_COURIER, LEG_SHORTFALL, LEG_CHANNEL,
	LEG_KIND_COUNT };
/* clang-format on */

#endif
