/* services/ctl/main.c
 *
 * The program `matricula`: one table of commands, looked up by the first word. */
#include "services/ctl/ctl.h"

#include "services/assessment/service.h"
#include "services/certificate/service.h"
#include "services/enrollment/service.h"
#include "services/notification/service.h"

#include <signal.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const struct module *const service_modules[] = {&enrollment_module, &assessment_module, &certificate_module,
						&notification_module, NULL};

static const struct command commands[] = {
	{"up",
	 "[--data DIR] [--http ADDR:PORT] [--door tcp://ADDR:PORT] [--memory MIB] [--smtp URL] [--public-url URL] "
	 "[--peer NAME=ENDPOINT]",
	 "starts the five servers, restarts one that dies, drains them all on Ctrl-C or SIGTERM",
	 "data= http= door= memory= zone= smtp= public-url= peer= behind-proxy", 0, 0, command_up},
	{"token", "--roles R[,R] --authority CODE [--subject S] [--days N] | list --authority CODE | revoke ID",
	 "grants a bearer token and prints it; lists or revokes tokens",
	 "data= roles= authority= subject= days= peer=", 0, 2, command_token},
	{"door", "add --authority CODE [--name N] (--key Z85 | --generate FILE) | list | remove KEY",
	 "lets the holder of a CURVE key push events through the ZeroMQ door",
	 "data= authority= name= key= generate= peer=", 1, 2, command_door},
	{"keys", "create | rotate PAIR | show", "makes the keys of a deployment, replaces one, shows what is there",
	 "data=", 1, 2, command_keys},
	{"units",
	 "FILE.csv [--list NAME] [--version V] [--valid-from DATE] [--valid-to DATE] [--parent CODE] [--bodies | "
	 "--predecessors [--from-version V]]",
	 "registers the authorities of a CSV file (code,name,name_en,parent_code,kind), or what became of older ones",
	 "data= list= version= valid-from= valid-to= parent= bodies predecessors from-version= peer= quiet", 1, 1,
	 command_units},
	{"codes", "FILE.csv --version V --valid-from DATE",
	 "loads a version of the code lists from a CSV file (list,code,name,name_en)",
	 "data= version= valid-from= peer= quiet", 1, 1, command_codes},
	{"sample", "--people N --seed S --authority CODE[,CODE] [--units FILE.csv]",
	 "writes believable personnel events as lines of CloudEvents, for push",
	 "data= people= seed= authority= units= changes=", 0, 0, command_sample},
	{"nation",
	 "[--people N] [--seed S] [--events MEAN] [--noise PERCENT] [--scatter] "
	 "[--dry | --csv DIR | --http URL --token T | --door ENDPOINT]",
	 "makes a nation of people who do not exist and pushes it through the door",
	 "data= people= seed= events= noise= units= scatter dry csv= http= token= door= flight= batch= peer= quiet", 0,
	 0, command_nation},
	{"push",
	 "FILE --authority CODE (--door ENDPOINT --key FILE [--door-key Z85] | --http URL --token T "
	 "[--roster [--mode full] [--dry-run] [--date-format mdy]])",
	 "pushes lines of CloudEvents in batches, or a roster, again until each has its outcome",
	 "data= authority= door= key= door-key= http= token= batch= roster mode= dry-run date-format= quiet", 1, 1,
	 command_push},
	{"call",
	 "Service.Method '{json}' [--service NAME] [--as-subject S --roles R --authority A] [--id KEY] [--dry-run]",
	 "calls a method as the operator and prints the reply as JSON",
	 "data= service= as-subject= roles= authority= id= dry-run timeout= peer=", 1, 2, command_call},
	{"follow", "SERVICE [--after N] [--once]", "prints a service's facts as lines of JSON as they come",
	 "data= after= once peer=", 1, 1, command_follow},
	{"status", "[--json] [--interval SECONDS]", "shows how the four services are doing",
	 "data= json interval= peer=", 0, 0, command_status},
	{"verify", "[--data DIR] [--service NAME]",
	 "checks each journal's chain, replays a copy of it and compares every key and value",
	 "data= service= memory=", 0, 0, command_verify},
	{"audit", "--url URL [--state FILE] | --data DIR [--state FILE]",
	 "checks that the log of certificates only grew since the last audit; or a copy of it, leaf by leaf",
	 "data= url= state=", 0, 0, command_audit},
	{"backup", "DEST [--data DIR]", "copies all journals to a new folder, running or not", "data=", 1, 1,
	 command_backup},
	{"restore", "SRC [--data DIR] [--service NAME]", "puts journals of a backup in the place of what is there",
	 "data= service=", 1, 1, command_restore},
	{"rejoin", "SERVICE PRODUCER [--dry-run] [--from-start]",
	 "moves a stopped feed back to where its restored producer still agrees; shows what is lost",
	 "data= dry-run from-start peer=", 2, 2, command_rejoin},
	/* Not for people: how `up` starts a server that ends with it. */
	{"exec", NULL, NULL, "", 2, ARGS_VALUES_MAX, command_exec},
};

enum { COMMANDS = sizeof(commands) / sizeof(commands[0]) };

static void
say_arguments(const char *format, va_list arguments)
{
	fflush(stdout);
	fprintf(stderr, "matricula: ");
	vfprintf(stderr, format, arguments);
	fprintf(stderr, "\n");
}

void
say(const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	say_arguments(format, arguments);
	va_end(arguments);
}

int
fail(const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	say_arguments(format, arguments);
	va_end(arguments);
	return EXIT_FAILED;
}

const struct module *
service_find(const char *name)
{
	for (const struct module *const *module = service_modules; *module != NULL; module++) {
		if (strcmp((*module)->name, name) == 0)
			return *module;
	}
	say("there is no service %s", name);
	return NULL;
}

static void
usage(FILE *to)
{
	fprintf(to,
		"matricula: the operators' command line. Everywhere --data DIR is the deployment's folder, ./var by "
		"default.\n\n");
	for (size_t i = 0; i < COMMANDS; i++) {
		if (commands[i].summary != NULL)
			fprintf(to, "  %-8s %s\n", commands[i].name, commands[i].summary);
	}
	fprintf(to, "\n`matricula help COMMAND` shows its arguments; services/ctl/README.md has examples.\n");
}

static const struct command *
command_find(const char *name)
{
	for (size_t i = 0; i < COMMANDS; i++) {
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	}
	say("there is no command %s", name);
	return NULL;
}

static int
help(const char *name)
{
	if (name == NULL) {
		usage(stdout);
		return EXIT_DONE;
	}
	const struct command *command = command_find(name);
	if (command == NULL || command->form == NULL)
		return EXIT_USED_WRONGLY;
	printf("matricula %s %s\n\n  %s\n", command->name, command->form, command->summary);
	return EXIT_DONE;
}

int
main(int argc, char **argv)
{
	static struct args args;
	if (argc < 2) {
		usage(stderr);
		return EXIT_USED_WRONGLY;
	}
	if (strcmp(argv[1], "help") == 0 || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)
		return help(argc > 2 ? argv[2] : NULL);
	if (argc > 2 && strcmp(argv[2], "--help") == 0)
		return help(argv[1]);
	const struct command *command = command_find(argv[1]);
	if (command == NULL) {
		usage(stderr);
		return EXIT_USED_WRONGLY;
	}
	if (!args_read(&args, command, argc - 2, argv + 2))
		return EXIT_USED_WRONGLY;
	if (sodium_init() < 0)
		return fail("libsodium cannot be used here");
	signal(SIGPIPE, SIG_IGN);
	return command->run(&args);
}
