/* NSS as a judge: libsmime3, the usage of an e-mail signer. Each question has a process of its own, because NSS keeps
 * certificates by issuer and serial number, which different mails here have in common. */
#include <cert.h>
#include <certdb.h>
#include <cms.h>
#include <nss.h>
#include <prerror.h>
#include <secder.h>
#include <secerr.h>
#include <sys/wait.h>
#include <unistd.h>

#include "question.h"

static SECItem item(Field one) {
  SECItem made = {siBuffer, one.bytes, one.length};
  return made;
}

static int refuse(const char *where) {
  printf("refused\t%s: %s\n", where, PORT_ErrorToName(PORT_GetError()));
  return 0;
}

static int names(CERTCertificate *one, Field from) {
  for (const char *a = CERT_GetFirstEmailAddress(one); a != NULL; a = CERT_GetNextEmailAddress(one, a))
    if (strlen(a) == from.length && strncmp(a, (char *)from.bytes, from.length) == 0) return 1;
  return 0;
}

static int judge(Question *question) {
  if (NSS_NoDB_Init(NULL) != SECSuccess) return refuse("init");
  CERTCertDBHandle *db = CERT_GetDefaultCertDB();
  CERTCertTrust trust = {CERTDB_TRUSTED_CA | CERTDB_VALID_CA, CERTDB_TRUSTED_CA | CERTDB_VALID_CA, 0};
  for (uint32_t i = 0; i < question->anchors.count; i++) {
    SECItem der = item(question->anchors.items[i]);
    CERTCertificate *one = CERT_NewTempCertificate(db, &der, NULL, PR_FALSE, PR_TRUE);
    if (one == NULL || CERT_ChangeCertTrust(db, one, &trust) != SECSuccess) return refuse("anchor");
  }
  for (uint32_t i = 0; i < question->intermediates.count; i++) {
    SECItem der = item(question->intermediates.items[i]);
    CERT_NewTempCertificate(db, &der, NULL, PR_FALSE, PR_TRUE);
  }
  for (uint32_t i = 0; question->crls.count != ABSENT && i < question->crls.count; i++) {
    SECItem der = item(question->crls.items[i]);
    CERT_CacheCRL(db, &der);
  }
  SECItem der = item(question->cms);
  NSSCMSMessage *cms = NSS_CMSMessage_CreateFromDER(&der, NULL, NULL, NULL, NULL, NULL, NULL);
  if (cms == NULL) return refuse("decode");
  NSSCMSSignedData *signed_data =
      (NSSCMSSignedData *)NSS_CMSContentInfo_GetContent(NSS_CMSMessage_ContentLevel(cms, 0));
  if (signed_data == NULL) return refuse("content");
  if (question->content.length != ABSENT) {
    SECAlgorithmID **algorithms = NSS_CMSSignedData_GetDigestAlgs(signed_data);
    SECItem **digests = NULL;
    PLArenaPool *pool = PORT_NewArena(1024);
    NSSCMSDigestContext *digesting = NSS_CMSDigestContext_StartMultiple(algorithms);
    NSS_CMSDigestContext_Update(digesting, question->content.bytes, (int)question->content.length);
    if (NSS_CMSDigestContext_FinishMultiple(digesting, pool, &digests) != SECSuccess) return refuse("digest");
    if (NSS_CMSSignedData_SetDigests(signed_data, algorithms, digests) != SECSuccess) return refuse("digest");
  }
  if (NSS_CMSSignedData_ImportCerts(signed_data, db, certUsageEmailSigner, PR_FALSE) != SECSuccess)
    return refuse("import");
  int count = NSS_CMSSignedData_SignerInfoCount(signed_data);
  for (int i = 0; i < count; i++)
    if (NSS_CMSSignedData_VerifySignerInfo(signed_data, i, db, certUsageEmailSigner) != SECSuccess)
      return refuse("verify");
  printf("accepted\t");
  for (int i = 0; i < count; i++) {
    CERTCertificate *one =
        NSS_CMSSignerInfo_GetSigningCertificate(NSS_CMSSignedData_GetSignerInfo(signed_data, i), db);
    if (one != NULL && names(one, question->from)) printf("%ld ", DER_GetInteger(&one->serialNumber));
  }
  printf("\n");
  return 0;
}

int main(void) {
  Question question;
  while (ask(&question)) {
    pid_t child = fork();
    if (child == 0) {
      judge(&question);
      fflush(stdout);
      _exit(0);
    }
    int status = 0;
    if (child < 0 || waitpid(child, &status, 0) < 0) return 3;
    if (status != 0) printf("refused\tcrashed: %d\n", status), fflush(stdout);
    free(question.memory);
  }
  return 0;
}
