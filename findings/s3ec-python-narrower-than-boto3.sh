#!/usr/bin/env bash
# amazon-s3-encryption-client-python (PyPI) 4.0.0 over boto3 1.44.8: what wraps a client takes less than the client.
#
# Guessed: put_object takes the same kinds of Body as boto3 (bytes, bytearray, file), and upload_file takes ExtraArgs.
# Seen:    str, bytes and files are taken, bytearray is "Unexpected type of body parameter!". upload_file takes Metadata and ContentType as
#          its own arguments; with ExtraArgs, the only way that boto3 has, it fails after the plaintext was read. ContentLength of a read
#          is that of the ciphertext (with the tag of 16 bytes), not of the Body that comes.
# Why a user of S3 encryption meets it: this is the official way to encrypt for S3 in Python, put into programs that use boto3 today.
# Fails if that changes.
set -euo pipefail
folder=$(mktemp -d)
server=
trap '[ -z "$server" ] || { kill "$server"; wait "$server"; } 2>/dev/null || true; rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv py
py/bin/pip install --quiet --disable-pip-version-check "moto[server]==5.2.5" boto3==1.44.8 amazon-s3-encryption-client-python==4.0.0
port=$(py/bin/python -c "import socket; s = socket.socket(); s.bind((\"127.0.0.1\", 0)); print(s.getsockname()[1])")
py/bin/moto_server -H 127.0.0.1 -p "$port" >server.log 2>&1 &
server=$!
for _ in $(seq 120); do (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null && break; sleep 0.5; done

cat >probe.py <<'P'
import boto3, sys
from botocore.config import Config
login = dict(endpoint_url=sys.argv[1], region_name='us-east-1', aws_access_key_id='test', aws_secret_access_key='test')
s3 = boto3.client('s3', config=Config(s3={'addressing_style': 'path'}, retries={'total_max_attempts': 1}), **login)
import io
from s3_encryption import S3EncryptionClient, S3EncryptionClientConfig
from s3_encryption.exceptions import S3EncryptionClientError
from s3_encryption.materials.kms_keyring import KmsKeyring
kms = boto3.client('kms', **login)
s3.create_bucket(Bucket='vault')
open('file', 'wb').write(b'plaintext')
wrapped = S3EncryptionClient(s3, S3EncryptionClientConfig(keyring=KmsKeyring(kms, kms.create_key()['KeyMetadata']['Arn'])))
plain = boto3.client('s3', config=Config(s3={'addressing_style': 'path'}), **login)
def ask(name, call):
    try:
        call()
        print(name, 'ok')
    except S3EncryptionClientError as error:
        print(name, 'refused:', str(error).split('\n')[0])
for body in ('plaintext', b'plaintext', io.BytesIO(b'plaintext'), bytearray(b'plaintext')):
    ask(type(body).__name__, lambda: wrapped.put_object(Bucket='vault', Key='one', Body=body))
ask('boto3 bytearray', lambda: plain.put_object(Bucket='vault', Key='two', Body=bytearray(b'plaintext')))
ask('boto3 upload_file ExtraArgs', lambda: plain.upload_file('file', 'vault', 'two', ExtraArgs={'ContentType': 'text/csv'}))
ask('upload_file ExtraArgs', lambda: wrapped.upload_file('file', 'vault', 'one', ExtraArgs={'ContentType': 'text/csv'}))
ask('upload_file ContentType', lambda: wrapped.upload_file('file', 'vault', 'one', ContentType='text/csv'))
wrapped.put_object(Bucket='vault', Key='one', Body=b'plaintext')
got = wrapped.get_object(Bucket='vault', Key='one')
print('ContentLength', got['ContentLength'], 'Body', len(got['Body'].read()))
P
seen=$(py/bin/python probe.py "http://127.0.0.1:$port")
expected='str ok
bytes ok
BytesIO ok
bytearray refused: Unexpected type of body parameter!
boto3 bytearray ok
boto3 upload_file ExtraArgs ok
upload_file ExtraArgs refused: Failed to encrypt object: Parameter validation failed:
upload_file ContentType ok
ContentLength 25 Body 9'
echo "$seen"
[ "$seen" = "$expected" ] || { echo 'CHANGED: the client takes other arguments now'; exit 1; }
echo PASS
