#include "simulator/provider_keys.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include "base/digest.h"
#include "base/log.h"
#include "base/parse.h"

#define RSA_BITS 2048
#define FILE_SIZE_MAX 8192
#define APIV3_KEY_LEN 32
#define STANDARD_NUMBER "1900000001"

/* ---- Files ----------------------------------------------------------------------------------------- */

static enum err
path_make(char out[512], const char *dir, const char *name)
{
	int n = snprintf(out, 512, "%s/%s", dir, name);

	return n > 0 && n < 512 ? ERR_OK : ERR_IO;
}

static enum err
failed(const char *path)
{
	log_error(LOG_MSG("provider: cannot use a file"), LOG_STR("file", path),
	    LOG_STR("why", strerror(errno)));
	return ERR_IO;
}

/* *len is -1 when there is no such file. */
static enum err
file_read(const char *dir, const char *name, char out[FILE_SIZE_MAX], ssize_t *len)
{
	char path[512];
	int fd;

	*len = -1;
	if (path_make(path, dir, name) != ERR_OK)
		return ERR_IO;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? ERR_OK : failed(path);
	*len = read(fd, out, FILE_SIZE_MAX - 1);
	(void)close(fd);
	if (*len < 0)
		return failed(path);
	out[*len] = '\0';
	return ERR_OK;
}

static enum err
file_write(const char *dir, const char *name, const char *text, size_t len)
{
	char path[512];
	int fd;

	if (path_make(path, dir, name) != ERR_OK)
		return ERR_IO;
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		return failed(path);
	if (write(fd, text, len) != (ssize_t)len) {
		(void)close(fd);
		return failed(path);
	}
	return close(fd) == 0 ? ERR_OK : failed(path);
}

/* A line of text that is there, or ${fresh}, which then is there. */
static enum err
line_open(const char *dir, const char *name, const char *fresh, char *out, size_t size)
{
	char text[FILE_SIZE_MAX];
	ssize_t len;
	enum err e = file_read(dir, name, text, &len);

	if (e != ERR_OK)
		return e;
	if (len < 0) {
		(void)snprintf(out, size, "%s", fresh);
		return file_write(dir, name, fresh, strlen(fresh));
	}
	len = (ssize_t)strcspn(text, "\r\n");
	text[len] = '\0';
	if (len == 0 || (size_t)len >= size) {
		log_error(LOG_MSG("provider: not what it should be"), LOG_STR("file", name));
		return ERR_IO;
	}
	memcpy(out, text, (size_t)len + 1);
	return ERR_OK;
}

/* ---- Keys ------------------------------------------------------------------------------------------ */

static enum err
key_write(const char *dir, const char *name, EVP_PKEY *key, bool private)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *text = NULL;
	long len = 0;
	bool made = bio != NULL &&
	    (private ? PEM_write_bio_PKCS8PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL)
	             : PEM_write_bio_PUBKEY(bio, key)) == 1;
	enum err e = ERR_IO;

	if (made)
		len = BIO_get_mem_data(bio, &text);
	if (len > 0)
		e = file_write(dir, name, text, (size_t)len);
	if (bio != NULL)
		(void)BIO_free(bio);
	return e;
}

static enum err
key_open(const char *dir, const char *name, void **out)
{
	char text[FILE_SIZE_MAX];
	ssize_t len;
	BIO *bio;
	enum err e = file_read(dir, name, text, &len);

	if (e != ERR_OK)
		return e;
	if (len < 0) {
		*out = EVP_RSA_gen(RSA_BITS);
		return *out != NULL ? key_write(dir, name, *out, true) : ERR_IO;
	}
	bio = BIO_new_mem_buf(text, (int)len);
	*out = bio != NULL ? PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL) : NULL;
	if (bio != NULL)
		(void)BIO_free(bio);
	if (*out != NULL)
		return ERR_OK;
	log_error(LOG_MSG("provider: not a private key"), LOG_STR("file", name));
	return ERR_IO;
}

static void
serial_make(char out[SERIAL_SIZE])
{
	uint8_t bytes[20];

	random_bytes(bytes, sizeof(bytes));
	hex_encode(bytes, sizeof(bytes), out);
	for (char *c = out; *c != '\0'; c++)
		if (*c >= 'a' && *c <= 'f')
			*c = (char)(*c - 'a' + 'A');
}

static enum err
texts_open(struct provider_keys *k, const char *dir, const char *merchant_number)
{
	char fresh[SERIAL_SIZE], apiv3[APIV3_KEY_LEN + 1];
	enum err e;

	serial_make(fresh);
	e = line_open(dir, "merchant_serial", fresh, k->merchant_serial, SERIAL_SIZE);
	serial_make(fresh);
	if (e == ERR_OK)
		e = line_open(dir, "platform_serial", fresh, k->platform_serial, SERIAL_SIZE);
	serial_make(fresh);
	fresh[APIV3_KEY_LEN] = '\0';
	if (e == ERR_OK)
		e = line_open(dir, "apiv3_key", fresh, apiv3, sizeof(apiv3));
	if (e != ERR_OK)
		return e;
	if (merchant_number[0] == '\0')
		return line_open(dir, "merchant_number", STANDARD_NUMBER, k->merchant_number,
		    sizeof(k->merchant_number));
	(void)snprintf(k->merchant_number, sizeof(k->merchant_number), "%s", merchant_number);
	return file_write(dir, "merchant_number", merchant_number, strlen(merchant_number));
}

enum err
keys_open(struct provider_keys *k, const char *dir, const char *merchant_number)
{
	enum err e;

	*k = (struct provider_keys){0};
	if (mkdir(dir, 0700) != 0 && errno != EEXIST)
		return failed(dir);
	e = key_open(dir, "merchant_key.pem", &k->merchant_public);
	if (e == ERR_OK)
		e = key_open(dir, "platform_key.pem", &k->platform);
	if (e == ERR_OK)
		e = key_write(dir, "platform_pub.pem", k->platform, false);
	if (e == ERR_OK)
		e = texts_open(k, dir, merchant_number);
	if (e != ERR_OK)
		keys_close(k);
	return e;
}

void
keys_close(struct provider_keys *k)
{
	EVP_PKEY_free(k->merchant_public);
	EVP_PKEY_free(k->platform);
	*k = (struct provider_keys){0};
}

/* ---- RSA ------------------------------------------------------------------------------------------- */

bool
keys_sign(const struct provider_keys *k, const void *p, size_t len, char out[SIGNATURE_TEXT_SIZE])
{
	EVP_MD_CTX *c = EVP_MD_CTX_new();
	uint8_t raw[512];
	size_t raw_len = sizeof(raw);
	bool made = c != NULL &&
	    EVP_DigestSignInit(c, NULL, EVP_sha256(), NULL, k->platform) == 1 &&
	    EVP_DigestSign(c, raw, &raw_len, p, len) == 1;

	EVP_MD_CTX_free(c);
	if (made)
		b64_encode(raw, raw_len, out);
	return made;
}

bool
keys_verify(const struct provider_keys *k, const void *p, size_t len, const char *signature)
{
	EVP_MD_CTX *c;
	uint8_t raw[512];
	size_t raw_len;
	bool good;

	if (b64_decode(signature, strlen(signature), raw, sizeof(raw), &raw_len) != ERR_OK)
		return false;
	c = EVP_MD_CTX_new();
	good = c != NULL &&
	    EVP_DigestVerifyInit(c, NULL, EVP_sha256(), NULL, k->merchant_public) == 1 &&
	    EVP_DigestVerify(c, raw, raw_len, p, len) == 1;
	EVP_MD_CTX_free(c);
	return good;
}

bool
keys_decrypt(const struct provider_keys *k, const char *text)
{
	EVP_PKEY_CTX *c;
	uint8_t raw[512], plain[512];
	size_t raw_len, len = sizeof(plain);
	bool good;

	if (b64_decode(text, strlen(text), raw, sizeof(raw), &raw_len) != ERR_OK)
		return false;
	c = EVP_PKEY_CTX_new(k->platform, NULL);
	good = c != NULL && EVP_PKEY_decrypt_init(c) == 1 &&
	    EVP_PKEY_CTX_set_rsa_padding(c, RSA_PKCS1_OAEP_PADDING) == 1 &&
	    EVP_PKEY_decrypt(c, plain, &len, raw, raw_len) == 1 && utf8_valid(plain, len);
	EVP_PKEY_CTX_free(c);
	return good && len > 0;
}

/* ---- Sealed files ---------------------------------------------------------------------------------- */

static bool
seal_key(const struct provider_keys *k, const char *plain, char out[SIGNATURE_TEXT_SIZE])
{
	EVP_PKEY_CTX *c = EVP_PKEY_CTX_new(k->merchant_public, NULL);
	uint8_t raw[512];
	size_t len = sizeof(raw);
	bool made = c != NULL && EVP_PKEY_encrypt_init(c) == 1 &&
	    EVP_PKEY_CTX_set_rsa_padding(c, RSA_PKCS1_OAEP_PADDING) == 1 &&
	    EVP_PKEY_encrypt(c, raw, &len, (const uint8_t *)plain, strlen(plain)) == 1;

	EVP_PKEY_CTX_free(c);
	if (made)
		b64_encode(raw, len, out);
	return made;
}

bool
keys_seal(const struct provider_keys *k, const void *p, size_t len, struct sealing *how,
    uint8_t *out)
{
	EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
	char key[2 * sizeof(how->nonce)]; /* 32 characters, as the provider's are */
	uint8_t bytes[16];
	int n = 0, rest = 0;
	bool made;

	random_bytes(bytes, sizeof(bytes));
	hex_encode(bytes, sizeof(bytes), key);
	random_bytes(bytes, 8);
	hex_encode(bytes, 8, how->nonce);
	made = c != NULL && seal_key(k, key, how->key) &&
	    EVP_EncryptInit_ex(c, EVP_aes_256_gcm(), NULL, NULL, NULL) == 1 &&
	    EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_SET_IVLEN, (int)strlen(how->nonce), NULL) == 1 &&
	    EVP_EncryptInit_ex(c, NULL, NULL, (const uint8_t *)key, (const uint8_t *)how->nonce) ==
	        1 &&
	    EVP_EncryptUpdate(c, out, &n, p, (int)len) == 1 &&
	    EVP_EncryptFinal_ex(c, out + n, &rest) == 1 &&
	    EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_GET_TAG, SEAL_TAG_LEN, out + n + rest) == 1;
	EVP_CIPHER_CTX_free(c);
	return made;
}
