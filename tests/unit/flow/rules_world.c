#include "rules_world.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "edge/json_read.h"

#define FILE_SIZE_MAX 16384

static void
put(struct strmap *m, const char *code, int32_t idx)
{
	enum err e;

	if (m->slot_count == 0) {
		e = strmap_init(m, 8);
		assert(e == ERR_OK);
	}
	e = strmap_put(m, code, (uint32_t)idx, NULL);
	assert(e == ERR_OK);
}

static void
add_party(struct rules_world *m, int32_t idx, enum party_kind kind, const char *code)
{
	m->parties[idx] = (struct party){.id = 11 + idx, .kind = kind, .code = code};
	put(&m->w.party_code, code, idx);
}

void
rules_world_init(struct rules_world *m)
{
	memset(m, 0, sizeof(*m));
	m->w.parties = m->parties;
	m->w.territories = m->territories;
	m->w.skus = m->skus;
	m->w.brand = 11;
	add_party(m, 0, PARTY_BRAND, "BRAND");
	add_party(m, 1, PARTY_DEALER, "D1");
	add_party(m, 2, PARTY_DEALER, "D2");
	add_party(m, 3, PARTY_CHANNEL, "C1");
	add_party(m, 4, PARTY_CHANNEL, "C2");
	put(&m->w.class_code, "phone", 0);
	put(&m->w.class_code, "laptop", 1);
	m->territories[0].id = 22;
	m->territories[1].id = 21;
	put(&m->w.territory_code, "T1", 0);
	put(&m->w.territory_code, "T2", 1);
	m->skus[0].id = 31;
	m->skus[1].id = 32;
	put(&m->w.sku_code, "S1", 0);
	put(&m->w.sku_code, "S2", 1);
	m->arena = arena_new(1 << 22);
	assert(m->arena != NULL);
}

void
rules_world_release(struct rules_world *m)
{
	strmap_release(&m->w.party_code);
	strmap_release(&m->w.class_code);
	strmap_release(&m->w.territory_code);
	strmap_release(&m->w.sku_code);
	arena_free(m->arena);
}

void *
rules_message(struct rules_world *m, const ProtobufCMessageDescriptor *d, const char *json)
{
	static const struct wire_limits limits = {WIRE_REPEATED_MAX, WIRE_VALUES_MAX};
	ProtobufCMessage *out;

	if (json_read(d, (const uint8_t *)json, strlen(json), &limits, m->arena, &out,
	        &m->reason) != ERR_OK) {
		fprintf(stderr, "%s: %s\n", m->reason.field, m->reason.text);
		abort();
	}
	return out;
}

void *
rules_file(struct rules_world *m, const ProtobufCMessageDescriptor *d, const char *path)
{
	char text[FILE_SIZE_MAX];
	size_t len;
	FILE *f;

	f = fopen(path, "r");
	if (f == NULL) {
		perror(path);
		abort();
	}
	len = fread(text, 1, sizeof(text) - 1, f);
	(void)fclose(f);
	text[len] = '\0';
	return rules_message(m, d, text);
}
