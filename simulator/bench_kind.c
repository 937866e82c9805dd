#include "simulator/bench_kind.h"

const struct bench_kind_row bench_kinds[BENCH_KINDS] = {
    [BENCH_SUBMIT] = {"submit", "SubmitOrder", "proto", true, 1, 32 * 1024, 1024},
    [BENCH_BULK] = {"bulk", "SubmitOrders", "proto", true, BULK_ORDERS, 512 * 1024,
        BULK_ORDERS * 512},
    [BENCH_QUOTE] = {"quote", "Quote", "proto", false, 1, 64 * 1024, 3072},
    [BENCH_QUOTE_OPEN] = {"quote-open", "Quote", "proto", false, 1, 64 * 1024, 3072},
    [BENCH_QUOTE_JSON] = {"quote-json", "Quote", "json", false, 1, 128 * 1024, 8192},
    [BENCH_CONSTANT] = {"constant", NULL, NULL, false, 1, 4096, 256},
};

const char *const bench_targets[BENCH_TARGETS] = {
    [BENCH_MIX] = "mix",
    [BENCH_HOT] = "hot",
    [BENCH_SPREAD] = "spread",
};
