/* OpenSSL as a judge: CMS_verify, purpose smimesign, OCSP_basic_verify, and X509_check_email for the sender. One line an answer. */
#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/ocsp.h>
#include <openssl/x509v3.h>

#include "question.h"

static void refuse(void) {
  unsigned long error, last = 0;
  const char *data = NULL, *kept = NULL;
  char words[400] = "refused";
  int flags;
  while ((error = ERR_get_error_all(NULL, NULL, NULL, &data, &flags)) != 0) {
    last = error;
    if ((flags & ERR_TXT_STRING) && data[0] != 0) {
      snprintf(words, sizeof words, "%s: %s", ERR_reason_error_string(last), data);
      kept = words;
    }
  }
  if (kept == NULL && last != 0) snprintf(words, sizeof words, "%s", ERR_reason_error_string(last));
  printf("refused\t%s\n", words);
}

static X509 *certificate(Field one) {
  const unsigned char *at = one.bytes;
  return d2i_X509(NULL, &at, one.length);
}

static X509 *issuer_of(X509 *one, STACK_OF(X509) *among) {
  for (int i = 0; i < sk_X509_num(among); i++) {
    X509 *above = sk_X509_value(among, i);
    if (X509_check_issued(above, one) == X509_V_OK && X509_verify(one, X509_get0_pubkey(above)) == 1) return above;
  }
  return NULL;
}

/* What one answer says of a certificate, or -1 where it does not count. */
static int status(Field answer, X509 *one, X509 *issuer, STACK_OF(X509) *among, X509_STORE *store) {
  const unsigned char *at = answer.bytes;
  OCSP_RESPONSE *response = d2i_OCSP_RESPONSE(NULL, &at, answer.length);
  OCSP_BASICRESP *basic = response == NULL ? NULL : OCSP_response_get1_basic(response);
  OCSP_CERTID *id = OCSP_cert_to_id(EVP_sha1(), one, issuer);
  ASN1_GENERALIZEDTIME *from = NULL, *until = NULL;
  int says = -1, reason;
  int counts = basic != NULL && OCSP_basic_verify(basic, among, store, 0) == 1 &&
               OCSP_resp_find_status(basic, id, &says, &reason, NULL, &from, &until) == 1 &&
               OCSP_check_validity(from, until, 300, -1) == 1;
  OCSP_CERTID_free(id);
  OCSP_BASICRESP_free(basic);
  OCSP_RESPONSE_free(response);
  return counts ? says : -1;
}

/* Whether a certificate that names somebody to ask is good by one answer, and revoked by none. */
static int is_good(Question *question, X509 *one, STACK_OF(X509) *among, X509_STORE *store) {
  X509 *issuer = issuer_of(one, among);
  int good = 0;
  if (question->answers.count == ABSENT || X509_get_ext_by_NID(one, NID_crl_distribution_points, -1) < 0) return 1;
  for (uint32_t i = 0; issuer != NULL && i < question->answers.count; i++) {
    int says = status(question->answers.items[i], one, issuer, among, store);
    if (says == V_OCSP_CERTSTATUS_REVOKED) return 0;
    good |= says == V_OCSP_CERTSTATUS_GOOD;
  }
  return good;
}

static void judge(Question *question) {
  BIO *mail = BIO_new_mem_buf(question->mail.bytes, (int)question->mail.length), *content = NULL;
  CMS_ContentInfo *cms = SMIME_read_CMS(mail, &content);
  if (cms == NULL) { /* what is framed by a list is cut out for all judges */
    const unsigned char *at = question->cms.bytes;
    ERR_clear_error();
    cms = d2i_CMS_ContentInfo(NULL, &at, question->cms.length);
    if (question->content.length != ABSENT)
      content = BIO_new_mem_buf(question->content.bytes, (int)question->content.length);
  }
  X509_STORE *store = X509_STORE_new();
  X509_STORE_set_flags(store, X509_V_FLAG_POLICY_CHECK | X509_V_FLAG_EXTENDED_CRL_SUPPORT | X509_V_FLAG_USE_DELTAS);
  X509_VERIFY_PARAM_add0_policy(X509_STORE_get0_param(store), OBJ_txt2obj("2.5.29.32.0", 1)); /* any (RFC 5280 §6.1.1 (c)) */
  X509_VERIFY_PARAM_set_time(X509_STORE_get0_param(store), question->time);
  for (uint32_t i = 0; i < question->anchors.count; i++) {
    X509 *one = certificate(question->anchors.items[i]);
    X509_STORE_add_cert(store, one);
    X509_free(one);
  }
  if (question->crls.count != ABSENT) {
    X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL);
    for (uint32_t i = 0; i < question->crls.count; i++) {
      const unsigned char *at = question->crls.items[i].bytes;
      X509_CRL *one = d2i_X509_CRL(NULL, &at, question->crls.items[i].length);
      if (one != NULL) X509_STORE_add_crl(store, one);
      X509_CRL_free(one);
    }
  }
  for (uint32_t i = 0; cms != NULL && i < question->intermediates.count; i++) {
    X509 *one = certificate(question->intermediates.items[i]);
    CMS_add1_cert(cms, one);
    X509_free(one);
  }
  ERR_clear_error();
  BIO *out = BIO_new(BIO_s_mem());
  if (cms != NULL && CMS_verify(cms, NULL, store, content, out, CMS_BINARY) == 1) {
    printf("accepted\t");
    STACK_OF(X509) *signers = CMS_get0_signers(cms), *among = CMS_get1_certs(cms);
    for (uint32_t i = 0; i < question->anchors.count; i++) sk_X509_push(among, certificate(question->anchors.items[i]));
    for (int i = 0; i < sk_X509_num(signers); i++) {
      X509 *one = sk_X509_value(signers, i);
      if (X509_check_email(one, (char *)question->from.bytes, question->from.length, 0) == 1 && is_good(question, one, among, store))
        printf("%ld ", ASN1_INTEGER_get(X509_get0_serialNumber(one)));
    }
    sk_X509_free(signers);
    sk_X509_pop_free(among, X509_free);
    printf("\n");
  } else
    refuse();
  BIO_free(out);
  BIO_free(mail);
  BIO_free(content);
  X509_STORE_free(store);
  CMS_ContentInfo_free(cms);
  fflush(stdout);
}

int main(void) {
  Question question;
  while (ask(&question)) {
    judge(&question);
    free(question.memory);
  }
  return 0;
}
