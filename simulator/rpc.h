#ifndef SIMULATOR_RPC_H
#define SIMULATOR_RPC_H

/*
 * rpc: Connect unary over http_client: a message packed and sent, its answer judged.
 *
 * An answer is one of three: the response message, a refusal, or "again" (no answer, or a code that
 * says the same request may be sent again).
 */
#include <protobuf-c/protobuf-c.h>

#include "simulator/http_client.h"

enum rpc_outcome { RPC_OK, RPC_REFUSED, RPC_AGAIN };

#define RPC_REASON_SIZE 48
#define RPC_TEXT_SIZE 200

struct rpc_answer {
	enum rpc_outcome outcome;
	ProtobufCMessage *message; /* RPC_OK: unpacked; rpc_answer_release() frees it */
	const uint8_t *body;       /* RPC_OK: as it came, lent */
	size_t body_len;
	int status;                   /* 0: no answer at all */
	char reason[RPC_REASON_SIZE]; /* a name of the service's error table, or the Connect code */
	char text[RPC_TEXT_SIZE];
};

/* The bytes of ${m} in a malloc of their own; NULL: no memory. */
uint8_t *rpc_pack(const ProtobufCMessage *m, size_t *len) MUST_CHECK;

/* What done was told, judged; ${response} describes the message of a good answer. */
void rpc_judge(struct rpc_answer *a, const ProtobufCMessageDescriptor *response, int status,
    const uint8_t *body, size_t len);
void rpc_answer_release(struct rpc_answer *a);

#endif
