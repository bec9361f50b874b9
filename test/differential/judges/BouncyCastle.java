import java.io.BufferedInputStream;
import java.io.ByteArrayInputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.security.Security;
import java.security.cert.CertPathBuilder;
import java.security.cert.CertStore;
import java.security.cert.CertificateFactory;
import java.security.cert.CollectionCertStoreParameters;
import java.security.cert.PKIXBuilderParameters;
import java.security.cert.TrustAnchor;
import java.security.cert.X509CertSelector;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Date;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cms.CMSProcessableByteArray;
import org.bouncycastle.cms.CMSSignedData;
import org.bouncycastle.cms.SignerInformation;
import org.bouncycastle.cms.jcajce.JcaSimpleSignerInfoVerifierBuilder;
import org.bouncycastle.jcajce.PKIXExtendedBuilderParameters;
import org.bouncycastle.jcajce.PKIXExtendedParameters;
import org.bouncycastle.jce.provider.BouncyCastleProvider;

/** Bouncy Castle as a judge: CMS and its PKIX builder, with the usages that RFC 8550 §4.4 asks of a signer. One line an answer. */
final class BouncyCastle {
  private static final String EMAIL = "1.3.6.1.5.5.7.3.4";
  private static final String ANY = "2.5.29.37.0";
  private static final int ABSENT = -1;

  private record Question(
      Date time, String from, byte[] cms, byte[] content, List<byte[]> anchors, List<byte[]> intermediates, List<byte[]> crls) {}

  private static final class Refused extends Exception {
    Refused(String why) {
      super(why);
    }
  }

  public static void main(String[] arguments) throws Exception {
    Security.addProvider(new BouncyCastleProvider());
    DataInputStream in = new DataInputStream(new BufferedInputStream(System.in, 1 << 16));
    for (Question question = ask(in); question != null; question = ask(in)) {
      String answer;
      try {
        answer = "accepted\t" + judge(question);
      } catch (Exception refused) {
        Throwable root = refused;
        while (root.getCause() != null) root = root.getCause();
        answer = "refused\t" + (root.getClass().getSimpleName() + ": " + root.getMessage()).replaceAll("\\s+", " ");
      }
      System.out.println(answer);
      System.out.flush();
    }
  }

  private static Question ask(DataInputStream in) throws IOException {
    try {
      in.readInt();
    } catch (EOFException end) {
      return null;
    }
    Date time = new Date((in.readInt() & 0xffffffffL) * 1000);
    String from = new String(field(in), "UTF-8");
    field(in);
    Question question = new Question(time, from, field(in), field(in), list(in), list(in), list(in));
    list(in); // answers of OCSP responders, which are OpenSSL's to judge
    return question;
  }

  private static byte[] field(DataInputStream in) throws IOException {
    int length = in.readInt();
    return length == ABSENT ? null : in.readNBytes(length);
  }

  private static List<byte[]> list(DataInputStream in) throws IOException {
    int count = in.readInt();
    if (count == ABSENT) return null;
    List<byte[]> read = new ArrayList<>();
    for (int i = 0; i < count; i++) read.add(field(in));
    return read;
  }

  private static String judge(Question question) throws Exception {
    CMSSignedData cms =
        question.content() == null
            ? new CMSSignedData(question.cms())
            : new CMSSignedData(new CMSProcessableByteArray(question.content()), question.cms());
    if (cms.getSignedContent() == null) throw new Refused("no content");
    StringBuilder serials = new StringBuilder();
    for (SignerInformation signer : cms.getSignerInfos()) {
      X509Certificate certificate = signerOf(cms, signer, question);
      if (names(certificate, question.from())) serials.append(certificate.getSerialNumber()).append(' ');
    }
    return serials.toString();
  }

  /** The first certificate of the signer's by which all is right; else the last reason is told. */
  @SuppressWarnings("unchecked")
  private static X509Certificate signerOf(CMSSignedData cms, SignerInformation signer, Question question)
      throws Exception {
    Exception why = new Refused("no certificate");
    for (X509CertificateHolder holder :
        (Collection<X509CertificateHolder>) cms.getCertificates().getMatches(signer.getSID())) {
      try {
        X509Certificate certificate = read(holder.getEncoded());
        if (!signer.verify(new JcaSimpleSignerInfoVerifierBuilder().setProvider("BC").build(certificate.getPublicKey())))
          throw new Refused("signature");
        maySign(certificate);
        path(cms, certificate, question);
        return certificate;
      } catch (Exception refused) {
        why = refused;
      }
    }
    throw why;
  }

  private static void maySign(X509Certificate certificate) throws Exception {
    boolean[] usage = certificate.getKeyUsage();
    if (usage != null && !usage[0] && !usage[1]) throw new Refused("keyUsage");
    List<String> uses = certificate.getExtendedKeyUsage();
    if (uses != null && !uses.contains(EMAIL) && !uses.contains(ANY)) throw new Refused("extendedKeyUsage");
  }

  private static void path(CMSSignedData cms, X509Certificate certificate, Question question) throws Exception {
    Set<TrustAnchor> anchors = new HashSet<>();
    for (byte[] der : question.anchors()) anchors.add(new TrustAnchor(read(der), null));
    X509CertSelector target = new X509CertSelector();
    target.setCertificate(certificate);
    List<Object> beside = new ArrayList<>();
    for (X509CertificateHolder one : cms.getCertificates().getMatches(null)) beside.add(read(one.getEncoded()));
    for (byte[] der : question.intermediates()) beside.add(read(der));
    if (question.crls() != null) {
      CertificateFactory factory = CertificateFactory.getInstance("X.509", "BC");
      for (byte[] der : question.crls()) beside.add(factory.generateCRL(new ByteArrayInputStream(der)));
    }
    PKIXBuilderParameters parameters = new PKIXBuilderParameters(anchors, target);
    parameters.addCertStore(CertStore.getInstance("Collection", new CollectionCertStoreParameters(beside)));
    parameters.setDate(question.time());
    parameters.setRevocationEnabled(question.crls() != null);
    PKIXExtendedParameters base = new PKIXExtendedParameters.Builder(parameters).setUseDeltasEnabled(true).build();
    CertPathBuilder.getInstance("PKIX", "BC").build(new PKIXExtendedBuilderParameters.Builder(base).build());
  }

  private static X509Certificate read(byte[] der) throws Exception {
    return (X509Certificate)
        CertificateFactory.getInstance("X.509", "BC").generateCertificate(new ByteArrayInputStream(der));
  }

  private static boolean names(X509Certificate certificate, String from) throws Exception {
    if (certificate.getSubjectAlternativeNames() == null) return false;
    for (List<?> name : certificate.getSubjectAlternativeNames())
      if (name.get(0).equals(1) && name.get(1).equals(from)) return true;
    return false;
  }
}
