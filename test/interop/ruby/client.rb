# frozen_string_literal: true

# Puts and gets objects through the S3 encryption client of Ruby's aws-sdk-s3. Each line of standard input is one order, a JSON
# object; each line of standard output is its answer, {"sha256": ...} of the plaintext or {"error": ...}.

require 'aws-sdk-s3'
require 'base64'
require 'digest'
require 'json'
require 'openssl'

WRAPS = { 'kms' => :kms_context, 'aes' => :aes_gcm, 'rsa' => :rsa_oaep_sha1 }.freeze

def login(server)
  {
    region: server['region'],
    credentials: Aws::Credentials.new(server['accessKeyId'], server['secretAccessKey']),
    retry_limit: 0
  }
end

def key_options(ring, server)
  case ring['kind']
  when 'kms'
    { kms_key_id: ring['key'], kms_client: Aws::KMS::Client.new(endpoint: server['kms'], **login(server)) }
  when 'aes'
    { encryption_key: Base64.strict_decode64(ring['key']) }
  else
    { encryption_key: OpenSSL::PKey::RSA.new(ring['key']) }
  end
end

def new_client(order)
  raise ArgumentError, 'this client knows the V2 format only' if order['op'] == 'put' && order['format'] != 'v2'

  server = order['server']
  Aws::S3::EncryptionV2::Client.new(
    client: Aws::S3::Client.new(endpoint: server['s3'], force_path_style: true, **login(server)),
    key_wrap_schema: WRAPS.fetch(order['keyring']['kind']),
    content_encryption_schema: :aes_gcm_no_padding,
    security_profile: :v2,
    envelope_location: order['place'] == 'instruction' ? :instruction_file : :metadata,
    materials_description: JSON.generate(order['description'] || {}),
    **key_options(order['keyring'], server)
  )
end

@clients = {}

def client(order)
  @clients[order.values_at('server', 'format', 'keyring', 'place', 'description')] ||= new_client(order)
end

def any_key(order)
  order['keyring']['kind'] == 'kms' ? { kms_allow_decrypt_with_any_cmk: true } : {}
end

def perform(order)
  target = { bucket: order['bucket'], key: order['key'] }
  target[:kms_encryption_context] = order['context'] if order['keyring']['kind'] == 'kms' && order['context']
  # Debian's KMS client is too old to name the key when it decrypts.
  return client(order).get_object(target.merge(any_key(order))).body.read if order['op'] == 'get'

  plaintext = File.binread(order['file'])
  client(order).put_object(target.merge(body: plaintext))
  plaintext
end

$stdin.each_line do |line|
  answer =
    begin
      { sha256: Digest::SHA256.hexdigest(perform(JSON.parse(line))) }
    rescue StandardError => error
      { error: "#{error.class}: #{error.message}" }
    end
  $stdout.puts(JSON.generate(answer))
  $stdout.flush
end
