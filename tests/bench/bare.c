/* tests/bench/bare.c
 *
 * What a certificate cannot be cheaper than: libsodium's Ed25519 by itself, in a loop on so
 * many threads, one a core.
 *
 *   bare sign|verify THREADS SECONDS
 *
 * What is signed has 64 bytes, as in eddsa-jcs-2022: two SHA-256 hashes. Each signature is of
 * another message; verified are signatures of MESSAGES different ones. Prints one line of
 * JSON: the rate of all threads, and CPU time each. */
#include <pthread.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

enum { THREADS_MAX = 256, MESSAGE_BYTES = 64, MESSAGES = 1024, AT_ONCE = 16 };

struct message {
	uint8_t bytes[MESSAGE_BYTES];
	uint8_t signature[crypto_sign_BYTES];
};

struct worker {
	pthread_t thread;
	bool verifies;
	int64_t until_us;
	uint64_t done;
	uint64_t bad;
	uint8_t public_key[crypto_sign_PUBLICKEYBYTES];
	uint8_t secret_key[crypto_sign_SECRETKEYBYTES];
	struct message messages[MESSAGES];
};

static int64_t
now_us(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void
sign(struct worker *worker, uint64_t number)
{
	struct message *message = &worker->messages[number % MESSAGES];
	memcpy(message->bytes, &number, sizeof(number));
	crypto_sign_detached(message->signature, NULL, message->bytes, MESSAGE_BYTES, worker->secret_key);
}

static void
verify(struct worker *worker, uint64_t number)
{
	const struct message *message = &worker->messages[number % MESSAGES];
	worker->bad +=
		crypto_sign_verify_detached(message->signature, message->bytes, MESSAGE_BYTES, worker->public_key) != 0;
}

static void *
work(void *context)
{
	struct worker *worker = context;
	while (now_us() < worker->until_us) {
		for (unsigned i = 0; i < AT_ONCE; i++, worker->done++) {
			if (worker->verifies)
				verify(worker, worker->done);
			else
				sign(worker, worker->done);
		}
	}
	return NULL;
}

static double
cpu_us(void)
{
	struct rusage usage;
	getrusage(RUSAGE_SELF, &usage);
	return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e6 +
	       (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

static int
measure(struct worker *workers, unsigned threads, double seconds)
{
	uint64_t done = 0;
	uint64_t bad = 0;
	double cpu_before_us = cpu_us();
	int64_t began_us = now_us();
	for (unsigned i = 0; i < threads; i++) {
		workers[i].until_us = began_us + (int64_t)(seconds * 1e6);
		if (pthread_create(&workers[i].thread, NULL, work, &workers[i]) != 0)
			return 1;
	}
	for (unsigned i = 0; i < threads; i++) {
		pthread_join(workers[i].thread, NULL);
		done += workers[i].done;
		bad += workers[i].bad;
	}
	printf("{\"rate\":%.1f,\"cpu_us\":%.2f}\n", (double)done * 1e6 / (double)(now_us() - began_us),
	       (cpu_us() - cpu_before_us) / (double)done);
	return bad == 0 ? 0 : 1;
}

int
main(int argc, char **argv)
{
	unsigned threads = argc == 4 ? (unsigned)strtoul(argv[2], NULL, 10) : 0;
	bool verifies = argc == 4 && strcmp(argv[1], "verify") == 0;
	if (threads == 0 || threads > THREADS_MAX || (!verifies && strcmp(argv[1], "sign") != 0)) {
		fprintf(stderr, "used as: bare sign|verify THREADS SECONDS\n");
		return 2;
	}
	struct worker *workers = calloc(threads, sizeof(*workers));
	if (workers == NULL || sodium_init() < 0)
		return 1;
	for (unsigned i = 0; i < threads; i++) {
		workers[i].verifies = verifies;
		crypto_sign_keypair(workers[i].public_key, workers[i].secret_key);
		for (uint64_t number = 0; number < MESSAGES; number++)
			sign(&workers[i], number);
	}
	int result = measure(workers, threads, strtod(argv[3], NULL));
	free(workers);
	return result;
}
