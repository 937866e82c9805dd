#include "store/statements.h"

const struct statement statements[STMT_COUNT] = {
#define X(name, pools, sql) {#name, sql, pools},
    STATEMENT_TABLE(X)
#undef X
};
