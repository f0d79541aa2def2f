"""Puts and gets objects through Amazon's S3 Encryption Client for Python.

Each line of standard input is one order, a JSON object; each line of standard output is its answer, {"sha256": ...} of the
plaintext or {"error": ...}.
"""

import functools
import hashlib
import json
import sys

import boto3
from botocore.config import Config
from s3_encryption import S3EncryptionClient, S3EncryptionClientConfig
from s3_encryption.materials.kms_keyring import KmsKeyring
from s3_encryption.materials.materials import AlgorithmSuite, CommitmentPolicy

SUITES = {
    "v3": (AlgorithmSuite.ALG_AES_256_GCM_HKDF_SHA512_COMMIT_KEY, CommitmentPolicy.REQUIRE_ENCRYPT_REQUIRE_DECRYPT),
    "v2": (AlgorithmSuite.ALG_AES_256_GCM_IV12_TAG16_NO_KDF, CommitmentPolicy.FORBID_ENCRYPT_ALLOW_DECRYPT),
}


@functools.cache
def client(s3_url, kms_url, region, access_key, secret_key, suite, kms_key):
    login = {"region_name": region, "aws_access_key_id": access_key, "aws_secret_access_key": secret_key}
    config = Config(s3={"addressing_style": "path"}, retries={"total_max_attempts": 1})
    s3 = boto3.client("s3", endpoint_url=s3_url, config=config, **login)
    keyring = KmsKeyring(boto3.client("kms", endpoint_url=kms_url, **login), kms_key)
    algorithm, policy = SUITES[suite]
    settings = S3EncryptionClientConfig(keyring=keyring, encryption_algorithm=algorithm, commitment_policy=policy)
    return S3EncryptionClient(s3, settings)


def perform(order):
    server, keyring = order["server"], order["keyring"]
    if keyring["kind"] != "kms":
        raise ValueError("this client has a KMS keyring only")
    s3 = client(
        server["s3"],
        server["kms"],
        server["region"],
        server["accessKeyId"],
        server["secretAccessKey"],
        order["format"],
        keyring["key"],
    )
    context = {"EncryptionContext": order["context"]} if order.get("context") else {}
    if order["op"] == "get":
        return s3.get_object(Bucket=order["bucket"], Key=order["key"], **context)["Body"].read()
    with open(order["file"], "rb") as file:
        plaintext = file.read()
    if order.get("multipart"):
        s3.upload_file(order["file"], order["bucket"], order["key"], **context)
    else:
        s3.put_object(Bucket=order["bucket"], Key=order["key"], Body=plaintext, **context)
    return plaintext


for line in sys.stdin:
    try:
        answer = {"sha256": hashlib.sha256(perform(json.loads(line))).hexdigest()}
    except Exception as error:
        answer = {"error": f"{type(error).__name__}: {error}"}
    print(json.dumps(answer), flush=True)
