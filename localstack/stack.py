"""The stack of template.yaml on a running emulator: packages, keys, parameters, outputs."""

import base64
import hashlib
import json
import os
import platform
import shutil
import subprocess
import time
import zipfile
from pathlib import Path

from emulator import REGION, ROOT, CloudError, is_ours, read_state, say, sockets_are_loopback

ISSUER = "https://issuer.chimera.local"
AUDIENCE = "chimera"
KEY_ID = "local-1"
OPERATOR_TENANT = "demo"
BUCKET = "chimera-artifacts"
STACK_SECONDS = 180
READY = ("CREATE_COMPLETE", "UPDATE_COMPLETE")


def client(service, state):
    import boto3
    from botocore.config import Config

    return boto3.client(
        service,
        endpoint_url=state["endpoint"],
        region_name=REGION,
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(retries={"max_attempts": 2}, s3={"addressing_style": "path"}),
    )


def load_template():
    """template.yaml with CloudFormation's short tags in their long form."""
    import yaml

    class Loader(yaml.SafeLoader):
        pass

    def long_form(loader, suffix, node):
        if isinstance(node, yaml.ScalarNode):
            value = loader.construct_scalar(node)
        elif isinstance(node, yaml.SequenceNode):
            value = loader.construct_sequence(node, deep=True)
        else:
            value = loader.construct_mapping(node, deep=True)
        if suffix == "GetAtt" and isinstance(value, str):
            value = value.split(".", 1)
        return {suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}": value}

    Loader.add_multi_constructor("!", long_form)
    return yaml.load((ROOT / "template.yaml").read_text(), Loader)


def package(binary, folder):
    """A zip of the stripped binary as `bootstrap`; the same binary gives the same bytes. Returns its path and key."""
    if not binary.exists():
        raise CloudError(f"{binary.relative_to(ROOT)} is missing; run `make build`")
    stat = binary.stat()
    mark = hashlib.sha256(f"{binary}|{stat.st_mtime_ns}|{stat.st_size}".encode()).hexdigest()[:16]
    target = folder / "packages" / f"{binary.name}-{mark}.zip"
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        for old in target.parent.glob(f"{binary.name}-{'?' * 16}.zip"):
            old.unlink()
        entry = zipfile.ZipInfo("bootstrap", (1980, 1, 1, 0, 0, 0))
        entry.external_attr = 0o100755 << 16
        partial = target.with_suffix(".partial")
        with zipfile.ZipFile(partial, "w") as archive:
            archive.writestr(entry, stripped(binary, folder))
        partial.rename(target)
    return target, f"{binary.name}-{hashlib.sha256(target.read_bytes()).hexdigest()[:16]}.zip"


def stripped(binary, folder):
    if not shutil.which("strip"):
        return binary.read_bytes()
    copy = folder / "packages" / f"{binary.name}.stripped"
    done = subprocess.run(["strip", "-o", copy, binary], stderr=subprocess.DEVNULL, check=False)
    data = copy.read_bytes() if done.returncode == 0 else binary.read_bytes()  # a script has nothing to strip
    copy.unlink(missing_ok=True)
    return data


def upload_functions(template, state, folder, binaries):
    """Packages every function of the template and points its CodeUri at the upload."""
    s3 = client("s3", state)
    s3.create_bucket(Bucket=BUCKET)
    uploaded = {}
    for resource in template["Resources"].values():
        if resource["Type"] != "AWS::Serverless::Function":
            continue
        name = resource.pop("Metadata")["BuildProperties"]["Binary"]
        if name not in uploaded:
            path, key = package(binaries / name, folder)
            s3.upload_file(str(path), BUCKET, key)
            uploaded[name] = key
        resource["Properties"]["CodeUri"] = {"Bucket": BUCKET, "Key": uploaded[name]}
    return len(uploaded)


def keys(folder):
    """The operator's issuer and the Judge's key of this local cloud, made once; returns stack parameters."""
    from cryptography.hazmat.primitives import serialization as form
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    issuer, grants = folder / "issuer", folder / "grant-key.json"
    raw = (form.Encoding.Raw, form.PublicFormat.Raw)
    if not (issuer / "jwks.json").exists():
        issuer.mkdir(parents=True, exist_ok=True)
        key = Ed25519PrivateKey.generate()
        pem = key.private_bytes(form.Encoding.PEM, form.PrivateFormat.PKCS8, form.NoEncryption())
        public = base64.urlsafe_b64encode(key.public_key().public_bytes(*raw)).rstrip(b"=").decode()
        jwk = {"kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig", "kid": KEY_ID, "x": public}
        write_private(issuer / "private.pem", pem.decode())
        (issuer / "jwks.json").write_text(json.dumps({"keys": [jwk]}) + "\n")
    if not grants.exists():
        key = Ed25519PrivateKey.generate()
        seed = key.private_bytes(form.Encoding.Raw, form.PrivateFormat.Raw, form.NoEncryption())
        write_private(grants, json.dumps({"key_id": KEY_ID, "seed": base64.b64encode(seed).decode()}))
    grant = json.loads(grants.read_text())
    public = Ed25519PrivateKey.from_private_bytes(base64.b64decode(grant["seed"])).public_key()
    return {
        "OidcIssuer": ISSUER,
        "OidcAudience": AUDIENCE,
        "OidcJwks": (issuer / "jwks.json").read_text().strip(),
        "GrantSigningKeyJson": json.dumps(grant),
        "GrantPublicKeys": json.dumps({grant["key_id"]: base64.b64encode(public.public_bytes(*raw)).decode()}),
    }


def write_private(path, text):
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)


def local_parameters(folder):
    architecture = "arm64" if platform.machine() in ("aarch64", "arm64") else "x86_64"
    return keys(folder) | {
        "Architecture": architecture,
        "OperatorTenant": OPERATOR_TENANT,
        "TaskTimeoutSeconds": "5",
        "PerceptionSeconds": "1",
        "SandboxSpeed": "60",
        "NewsAllowPrivate": "true",
        "LogRetentionDays": "1",
    }


def model_parameters(model):
    """A model of the endpoint that the emulator's Bedrock asks: it costs nothing, and may think for as long as on AWS.

    Of a name with slashes the emulator's access rules see what is before the first.
    """
    return {
        "ModelBackend": "bedrock",
        "ModelId": model,
        "ModelPrices": json.dumps({model: {"input": 0, "output": 0}}),
        "ModelArns": f"arn:aws:bedrock:{REGION}::foundation-model/{model.split('/')[0]}",
        "TaskTimeoutSeconds": "60",
    }


def deploy(folder, stack="chimera", binaries=ROOT / "target" / "debug", extra=None):
    """Creates or updates the stack; returns its outputs, which are also in outputs.json."""
    folder = Path(folder)
    state = read_state(folder)
    if not state or not is_ours(state):
        raise CloudError("the cloud is not up; run `make up`")
    started = time.monotonic()
    template = load_template()
    say(f"deploy: {upload_functions(template, state, folder, Path(binaries))} binaries packaged")
    parameters = local_parameters(folder) | (extra or {})
    cloudformation = client("cloudformation", state)
    apply_stack(cloudformation, state, stack, template, parameters)
    outputs = wait_for_stack(cloudformation, stack)
    outputs |= {
        "StackName": stack,
        "Endpoint": state["endpoint"],
        "Region": REGION,
        "ApiUrl": f"{state['endpoint']}/restapis/{outputs['GatewayId']}/v1/_user_request_",
        "Issuer": ISSUER,
        "Audience": AUDIENCE,
        "IssuerKey": str((folder / "issuer" / "private.pem").resolve()),
        "IssuerKeyId": KEY_ID,
    }
    (folder / "outputs.json").write_text(json.dumps(outputs, indent=2, sort_keys=True) + "\n")
    say(f"deploy: stack {stack} is ready after {time.monotonic() - started:.1f} s")
    return outputs


def apply_stack(cloudformation, state, stack, template, parameters):
    from botocore.exceptions import ClientError

    body = json.dumps(template)
    client("s3", state).put_object(Bucket=BUCKET, Key="template.json", Body=body.encode())
    request = {
        "StackName": stack,
        "TemplateURL": f"{state['endpoint']}/{BUCKET}/template.json",
        "Parameters": [{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
        "Capabilities": ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"],
    }
    try:
        cloudformation.create_stack(**request)
        return
    except ClientError as error:
        if error.response["Error"]["Code"] != "AlreadyExistsException":
            raise
    try:
        cloudformation.update_stack(**request)
    except ClientError as error:
        if "No updates" not in str(error):
            raise


def wait_for_stack(cloudformation, stack):
    deadline = time.monotonic() + STACK_SECONDS
    while True:
        found = cloudformation.describe_stacks(StackName=stack)["Stacks"][0]
        if found["StackStatus"] in READY:
            return {output["OutputKey"]: output["OutputValue"] for output in found.get("Outputs", [])}
        if "IN_PROGRESS" not in found["StackStatus"] or time.monotonic() > deadline:
            events = cloudformation.describe_stack_events(StackName=stack)["StackEvents"]
            reasons = [
                f"  {event['LogicalResourceId']}: {event.get('ResourceStatusReason', '')}"
                for event in events
                if event["ResourceStatus"].endswith("FAILED")
            ]
            raise CloudError("\n".join([f"the stack is {found['StackStatus']}", *reasons]))
        time.sleep(0.2)


def status(folder, stack="chimera"):
    """Prints what runs; returns whether the cloud is up."""
    from botocore.exceptions import ClientError

    state = read_state(folder)
    if not state or not is_ours(state):
        say("cloud: not running")
        return False
    reach = "loopback only" if sockets_are_loopback(state["pid"]) else "REACHABLE FROM OUTSIDE"
    say(f"cloud: up on 127.0.0.1:{state['port']} (pid {state['pid']}, {reach})")
    try:
        found = client("cloudformation", state).describe_stacks(StackName=stack)["Stacks"][0]
    except ClientError:
        say(f"stack {stack}: not deployed")
        return True
    say(f"stack {stack}: {found['StackStatus']}")
    sqs = client("sqs", state)
    for output in sorted(found.get("Outputs", []), key=lambda output: output["OutputKey"]):
        if output["OutputKey"].endswith(("QueueUrl", "HighUrl", "DeadLettersUrl")):
            say(f"  {output['OutputKey'][:-3]:32} {sum(depth(sqs, output['OutputValue']))} messages")
    return True


def depth(sqs, url):
    """How many messages wait, and how many are being handled."""
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    return [int(attributes[name]) for name in names]
