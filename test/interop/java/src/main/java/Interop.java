import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyFactory;
import java.security.MessageDigest;
import java.security.interfaces.RSAPrivateCrtKey;
import java.security.spec.PKCS8EncodedKeySpec;
import java.security.spec.RSAPublicKeySpec;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import javax.crypto.spec.SecretKeySpec;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.core.client.config.ClientOverrideConfiguration;
import software.amazon.awssdk.core.interceptor.Context;
import software.amazon.awssdk.core.interceptor.ExecutionAttributes;
import software.amazon.awssdk.core.interceptor.ExecutionInterceptor;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.http.SdkHttpRequest;
import software.amazon.awssdk.protocols.jsoncore.JsonNode;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.kms.KmsClient;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.model.CompletedPart;
import software.amazon.awssdk.services.s3.model.SdkPartType;
import software.amazon.encryption.s3.S3EncryptionClient;
import software.amazon.encryption.s3.internal.InstructionFileConfig;
import software.amazon.encryption.s3.materials.AesKeyring;
import software.amazon.encryption.s3.materials.Keyring;
import software.amazon.encryption.s3.materials.KmsKeyring;
import software.amazon.encryption.s3.materials.MaterialsDescription;
import software.amazon.encryption.s3.materials.PartialRsaKeyPair;
import software.amazon.encryption.s3.materials.RsaKeyring;

/**
 * Puts and gets objects through Amazon's S3 Encryption Client. Each line of standard input is one order, a JSON object; each
 * line of standard output is its answer, {"sha256": …} of the plaintext or {"error": …}.
 */
public final class Interop {
  private static final int PART_BYTES = 8 * 1024 * 1024;
  private static final Map<String, S3EncryptionClient> CLIENTS = new HashMap<>();

  public static void main(String[] args) throws Exception {
    PrintStream answers = new PrintStream(System.out, true, StandardCharsets.UTF_8);
    BufferedReader orders = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line = orders.readLine(); line != null; line = orders.readLine()) {
      answers.println(answer(JsonNode.parser().parse(line)));
    }
    System.exit(0);
  }

  private static String answer(JsonNode order) {
    try {
      byte[] plaintext = text(order, "op").equals("put") ? put(order) : get(order);
      byte[] digest = MessageDigest.getInstance("SHA-256").digest(plaintext);
      return "{\"sha256\":\"" + HexFormat.of().formatHex(digest) + "\"}";
    } catch (Throwable error) {
      StringBuilder words = new StringBuilder();
      for (Throwable cause = error; cause != null; cause = cause.getCause()) words.append(cause).append("; ");
      return "{\"error\":\"" + words.toString().replaceAll("[\\\\\"\\p{Cntrl}]", " ") + "\"}";
    }
  }

  private static byte[] put(JsonNode order) throws Exception {
    byte[] plaintext = Files.readAllBytes(Path.of(text(order, "file")));
    if (order.field("multipart").map(JsonNode::asBoolean).orElse(false)) {
      putInParts(order, plaintext);
      return plaintext;
    }
    client(order).putObject(request -> request.bucket(text(order, "bucket")).key(text(order, "key"))
        .overrideConfiguration(S3EncryptionClient.withAdditionalConfiguration(pairs(order, "context"))),
        RequestBody.fromBytes(plaintext));
    return plaintext;
  }

  private static void putInParts(JsonNode order, byte[] plaintext) throws Exception {
    S3EncryptionClient client = client(order);
    String bucket = text(order, "bucket");
    String key = text(order, "key");
    String upload = client.createMultipartUpload(request -> request.bucket(bucket).key(key)
        .overrideConfiguration(S3EncryptionClient.withAdditionalConfiguration(pairs(order, "context")))).uploadId();
    List<CompletedPart> parts = new ArrayList<>();
    for (int start = 0; start < plaintext.length; start += PART_BYTES) {
      int end = Math.min(start + PART_BYTES, plaintext.length);
      int number = parts.size() + 1;
      String tag = client.uploadPart(request -> request.bucket(bucket).key(key).uploadId(upload).partNumber(number)
          .sdkPartType(end == plaintext.length ? SdkPartType.LAST : SdkPartType.DEFAULT),
          RequestBody.fromBytes(Arrays.copyOfRange(plaintext, start, end))).eTag();
      parts.add(CompletedPart.builder().partNumber(number).eTag(tag).build());
    }
    client.completeMultipartUpload(request -> request.bucket(bucket).key(key).uploadId(upload)
        .multipartUpload(done -> done.parts(parts)));
  }

  private static byte[] get(JsonNode order) throws Exception {
    return client(order).getObjectAsBytes(request -> request.bucket(text(order, "bucket")).key(text(order, "key"))
        .overrideConfiguration(S3EncryptionClient.withAdditionalConfiguration(pairs(order, "context")))).asByteArray();
  }

  private static S3EncryptionClient client(JsonNode order) throws Exception {
    String settings = List.of("server", "format", "keyring", "place", "description").stream()
        .map(name -> order.field(name).map(JsonNode::toString).orElse("")).toList().toString();
    S3EncryptionClient known = CLIENTS.get(settings);
    if (known != null) return known;
    S3EncryptionClient made = makeClient(order);
    CLIENTS.put(settings, made);
    return made;
  }

  private static S3EncryptionClient makeClient(JsonNode order) throws Exception {
    JsonNode server = order.field("server").orElseThrow();
    S3EncryptionClient.Builder builder = newBuilder(text(order, "format"))
        .keyring(keyring(order, server))
        .endpointOverride(URI.create(text(server, "s3")))
        .forcePathStyle(true)
        .region(Region.of(text(server, "region")))
        .credentialsProvider(credentials(server));
    if (!server.field("expectContinue").map(JsonNode::asBoolean).orElse(true)) {
      builder.overrideConfiguration(
          ClientOverrideConfiguration.builder().addExecutionInterceptor(new WithoutExpect()).build());
    }
    if (text(order, "place").equals("instruction")) {
      S3Client plain = S3Client.builder().endpointOverride(URI.create(text(server, "s3"))).forcePathStyle(true)
          .region(Region.of(text(server, "region"))).credentialsProvider(credentials(server)).build();
      builder.instructionFileConfig(InstructionFileConfig.builder().instructionFileClient(plain)
          .enableInstructionFilePutObject(true).build());
    }
    return builder.build();
  }

  /** Only the newer major knows the committing format, and how to say which format is wanted; so it is said by reflection. */
  private static S3EncryptionClient.Builder newBuilder(String format) throws Exception {
    Class<?> client = S3EncryptionClient.class;
    if (Arrays.stream(client.getMethods()).noneMatch(method -> method.getName().equals("builderV4"))) {
      return (S3EncryptionClient.Builder) client.getMethod("builder").invoke(null);
    }
    Object builder = client.getMethod("builderV4").invoke(null);
    boolean committing = format.equals("v3");
    set(builder, "commitmentPolicy", "software.amazon.encryption.s3.CommitmentPolicy",
        committing ? "REQUIRE_ENCRYPT_REQUIRE_DECRYPT" : "FORBID_ENCRYPT_ALLOW_DECRYPT");
    set(builder, "encryptionAlgorithm", "software.amazon.encryption.s3.algorithms.AlgorithmSuite",
        committing ? "ALG_AES_256_GCM_HKDF_SHA512_COMMIT_KEY" : "ALG_AES_256_GCM_IV12_TAG16_NO_KDF");
    return (S3EncryptionClient.Builder) builder;
  }

  private static void set(Object builder, String setting, String type, String value) throws Exception {
    Class<?> choices = Class.forName(type);
    S3EncryptionClient.Builder.class.getMethod(setting, choices)
        .invoke(builder, choices.getField(value).get(null));
  }

  private static Keyring keyring(JsonNode order, JsonNode server) throws Exception {
    MaterialsDescription description =
        MaterialsDescription.builder().putAll(pairs(order, "description")).build();
    JsonNode ring = order.field("keyring").orElseThrow();
    switch (text(ring, "kind")) {
      case "kms":
        KmsClient kms = KmsClient.builder().endpointOverride(URI.create(text(server, "kms")))
            .region(Region.of(text(server, "region"))).credentialsProvider(credentials(server)).build();
        return KmsKeyring.builder().kmsClient(kms).wrappingKeyId(text(ring, "key")).build();
      case "aes":
        byte[] bytes = Base64.getDecoder().decode(text(ring, "key"));
        return AesKeyring.builder().wrappingKey(new SecretKeySpec(bytes, "AES")).materialsDescription(description).build();
      default:
        return RsaKeyring.builder().wrappingKeyPair(rsaPair(text(ring, "key"))).materialsDescription(description).build();
    }
  }

  private static PartialRsaKeyPair rsaPair(String pem) throws Exception {
    byte[] der = Base64.getMimeDecoder().decode(pem.replaceAll("-----[A-Z ]+-----", ""));
    KeyFactory factory = KeyFactory.getInstance("RSA");
    RSAPrivateCrtKey secret = (RSAPrivateCrtKey) factory.generatePrivate(new PKCS8EncodedKeySpec(der));
    return PartialRsaKeyPair.builder().privateKey(secret).publicKey(factory.generatePublic(
        new RSAPublicKeySpec(secret.getModulus(), secret.getPublicExponent()))).build();
  }

  /** For servers whose "100 Continue" the client's HTTP library takes for the answer itself. */
  private static final class WithoutExpect implements ExecutionInterceptor {
    @Override
    public SdkHttpRequest modifyHttpRequest(Context.ModifyHttpRequest context, ExecutionAttributes attributes) {
      return context.httpRequest().toBuilder().removeHeader("Expect").build();
    }
  }

  private static StaticCredentialsProvider credentials(JsonNode server) {
    return StaticCredentialsProvider.create(
        AwsBasicCredentials.create(text(server, "accessKeyId"), text(server, "secretAccessKey")));
  }

  private static Map<String, String> pairs(JsonNode order, String name) {
    Map<String, String> pairs = new HashMap<>();
    order.field(name).ifPresent(node -> node.asObject().forEach((key, value) -> pairs.put(key, value.asString())));
    return pairs;
  }

  private static String text(JsonNode node, String name) {
    return node.field(name).orElseThrow(() -> new IllegalArgumentException("no " + name)).asString();
  }
}
