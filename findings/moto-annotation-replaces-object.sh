#!/usr/bin/env bash
# moto (PyPI) 5.2.5 as an S3 server, asked by boto3 1.44.8: an annotation takes the place of the object it belongs to.
#
# Guessed: a server that does not know the object annotations of 2026 answers 501 or 400, and the object stays as it is.
# Seen:    PutObjectAnnotation succeeds and writes the annotation as the object; DeleteObjectAnnotation succeeds and deletes the
#          object. Only ListObjectAnnotations fails, with 500.
# Why a user of S3 encryption meets it: notes on the key or its custody fit an annotation. A tool that sets one, tested against moto,
# loses the ciphertext and sees success.
# Fails if that changes.
set -euo pipefail
folder=$(mktemp -d)
server=
trap '[ -z "$server" ] || { kill "$server"; wait "$server"; } 2>/dev/null || true; rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv py
py/bin/pip install --quiet --disable-pip-version-check "moto[server]==5.2.5" boto3==1.44.8 awscrt==0.38.1
port=$(py/bin/python -c "import socket; s = socket.socket(); s.bind((\"127.0.0.1\", 0)); print(s.getsockname()[1])")
py/bin/moto_server -H 127.0.0.1 -p "$port" >server.log 2>&1 &
server=$!
for _ in $(seq 120); do (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null && break; sleep 0.5; done

cat >probe.py <<'P'
import boto3, sys
from botocore.config import Config
login = dict(endpoint_url=sys.argv[1], region_name='us-east-1', aws_access_key_id='test', aws_secret_access_key='test')
s3 = boto3.client('s3', config=Config(s3={'addressing_style': 'path'}, retries={'total_max_attempts': 1}), **login)
from botocore.exceptions import ClientError
s3.create_bucket(Bucket='vault')
s3.put_object(Bucket='vault', Key='report', Body=b'ciphertext')
s3.put_object_annotation(Bucket='vault', Key='report', AnnotationName='custody', AnnotationPayload=b'note')
print('object after put of an annotation:', s3.get_object(Bucket='vault', Key='report')['Body'].read())
try:
    s3.list_object_annotations(Bucket='vault', Key='report')
except ClientError as error:
    print('list of annotations:', error.response['ResponseMetadata']['HTTPStatusCode'])
s3.delete_object_annotation(Bucket='vault', Key='report', AnnotationName='custody')
print('objects after its delete:', s3.list_objects_v2(Bucket='vault')['KeyCount'])
P
seen=$(py/bin/python probe.py "http://127.0.0.1:$port")
expected='object after put of an annotation: b'\''note'\''
list of annotations: 500
objects after its delete: 0'
echo "$seen"
[ "$seen" = "$expected" ] || { echo 'CHANGED: moto handles annotations in another way now'; exit 1; }
echo PASS
