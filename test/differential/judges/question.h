/* One question on standard input: its length, then the fields that questions.ts writes; all numbers of 32 bits, big-endian. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ABSENT 0xffffffffu
#define MANY 64

typedef struct {
  unsigned char *bytes;
  uint32_t length; /* ABSENT: there is none */
} Field;

typedef struct {
  Field items[MANY];
  uint32_t count; /* ABSENT: there is no such list */
} List;

typedef struct {
  uint32_t time;
  Field from, mail, cms, content;
  List anchors, intermediates, crls, answers;
  unsigned char *memory;
} Question;

static uint32_t number(unsigned char **at) {
  unsigned char *p = *at;
  *at += 4;
  return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static Field field(unsigned char **at) {
  Field read = {NULL, number(at)};
  if (read.length == ABSENT) return read;
  read.bytes = *at;
  *at += read.length;
  return read;
}

static List list(unsigned char **at) {
  List read;
  read.count = number(at);
  if (read.count == ABSENT) return read;
  if (read.count > MANY) exit(3);
  for (uint32_t i = 0; i < read.count; i++) read.items[i] = field(at);
  return read;
}

/* 0 at the end of the input. */
static int ask(Question *question) {
  unsigned char head[4], *at = head;
  if (fread(head, 1, 4, stdin) != 4) return 0;
  uint32_t length = number(&at);
  question->memory = at = malloc(length);
  if (at == NULL || fread(at, 1, length, stdin) != length) exit(3);
  question->time = number(&at);
  question->from = field(&at);
  question->mail = field(&at);
  question->cms = field(&at);
  question->content = field(&at);
  question->anchors = list(&at);
  question->intermediates = list(&at);
  question->crls = list(&at);
  question->answers = list(&at);
  return 1;
}
