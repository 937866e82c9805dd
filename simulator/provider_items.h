#ifndef SIMULATOR_PROVIDER_ITEMS_H
#define SIMULATOR_PROVIDER_ITEMS_H

/* provider_items: what stands in the stand-in provider's books. */
#include <stdbool.h>
#include <stdint.h>

#define NUMBER_SIZE 68 /* merchant numbers, openids; out_order_no and its like have 64 characters */
#define KEY_SIZE 180
#define ID_SIZE 36
#define TEXT_SIZE 260 /* a description of 80 characters */

struct merchant {
	char number[NUMBER_SIZE];
	int64_t frozen, available, disputed, withdrawn, topped_up;
	int64_t receiver_count;
	bool returns_agreed;
};

/* Of a payer's list; not deleted for good, so that its key stays. */
struct receiver {
	char key[KEY_SIZE]; /* payer type account */
	bool listed;
};

struct person { /* no merchant: what he got this month */
	char account[NUMBER_SIZE];
	int64_t month, received;
};

struct payment {
	char transaction_id[NUMBER_SIZE], out_trade_no[NUMBER_SIZE];
	struct merchant *merchant;
	int64_t amount, fee, paid_us;
	bool shares;             /* profit_sharing: the net is frozen */
	bool finished, released; /* no further splits; and the rest is in available */
	int64_t frozen, pending;
	int64_t outward; /* to others, waiting parts included; the cap is for these */
	int64_t touched; /* to anybody */
	int64_t refunded, fee_refunded, disputed, lost; /* disputed: still open */
	int split_count, refund_count;
	struct split *splits; /* newest first */
	struct refund *refunds;
};

enum leg_result { LEG_PENDING, LEG_SUCCESS, LEG_CLOSED };

struct leg {
	char type[24], account[NUMBER_SIZE], description[TEXT_SIZE], detail_id[ID_SIZE];
	char fail_reason[32];
	int64_t amount, returned, returning;
	int64_t finish_us;
	enum leg_result result;
	bool rest; /* the row 解冻给分账方 */
};

enum split_kind { SPLIT_SPLIT, SPLIT_UNFREEZE, SPLIT_SYSTEM };

struct split {
	char key[KEY_SIZE]; /* payer out_order_no */
	char out_order_no[NUMBER_SIZE], order_id[ID_SIZE], description[TEXT_SIZE];
	struct payment *payment;
	struct split *next;
	enum split_kind kind;
	bool releases, done;
	char *body; /* as it came, in one spelling */
	struct leg *legs;
	int leg_count, return_count;
	int64_t created_us, polls, requests, effects;
	struct ret *returns;
};

struct ret {
	char key[KEY_SIZE]; /* payer out_return_no */
	char out_return_no[NUMBER_SIZE], return_id[ID_SIZE], description[TEXT_SIZE];
	char fail_reason[32];
	struct split *split;
	struct leg *leg;
	struct ret *next;
	int64_t amount, created_us, finish_us, polls, requests, effects;
	enum leg_result result;
};

/* Abnormal: the money left the merchant and the customer's account did not take it; closed: it came back. */
enum refund_end { REFUND_WAITS, REFUND_SUCCESS, REFUND_ABNORMAL, REFUND_CLOSED };

struct refund {
	char key[KEY_SIZE]; /* payer out_refund_no */
	char out_refund_no[NUMBER_SIZE], refund_id[ID_SIZE], reason[TEXT_SIZE];
	struct payment *payment;
	struct refund *next;
	int64_t amount, fee, created_us, finish_us, polls, requests, effects;
	bool from_frozen;
	enum refund_end end;
};

struct books_close { /* a rule of /control/close */
	char account[NUMBER_SIZE], transaction_id[NUMBER_SIZE], reason[32];
	enum { CLOSE_SPLIT, CLOSE_RETURN, CLOSE_REFUND } what;
	int64_t left; /* -1: no end */
	struct books_close *next;
};

struct books_plant { /* of /control/plant */
	char date[12], kind[16], bill[8];
	int64_t amount;
	struct books_plant *next;
};

#endif
