"""The RSA key pair with which the sandbox LMS signs and verifies JWTs.

It is public. Never use it elsewhere.
"""

from __future__ import annotations

import json

_PUBLIC = {
    "kty": "RSA",
    "kid": "sandbox",
    "e": "AQAB",
    "n": (
        "offOgx3DSLJYff9mHTMPUFJ0RQ7TsWa9_A4DAF8X03QKSYu85nlgVjG8OVXzsB6rJOphhBsQK1wv_9oFAneCALt7VqIZ"
        "OSTMP6-wqnBKEBfDDAEzbtYoGOpYqi08EIHLTx6mVdHWOr1r8aOq5Gu0gXkBkq_5Cn_SJ1aJacbHeB3p0QpW8nV4qhWC"
        "NkxuB1Wx5QKilLNwqsBs-AGas8S2rJQZlbh2wDGVgQFUYdZqc-UyxYy898zK9UvH8kFTFJZB_ewWoEgY6qahMyyRnwjc"
        "Ewk6Emcm-e6BUYnw1PANXU-akv7kxaVYX0C5W4ExVSZLYCb_zHWoWpYIECc76yOVTQ"
    ),
}
_PRIVATE = dict(
    _PUBLIC,
    d=(
        "OMU-CjEVcNaqM8egSB3MgU_VVxtCUgz8DGvw22F5XXFv5aVoGbRzcuLN4Z7h4lptjGvmsEI4IaqXXGtTlDDFTXJpYc1B"
        "YAko2i2_k432N7vMbtnA6FmCBnGlkEh4pCSKWXoZvTzmhQI94p2GWbfytervBTZO6UIyK_2l_oBhDBWIsXsHBB6N30p8"
        "crLo14LXoCmC3SK33DDNvpoMU5c5uNLyhSm1hXdES7VKwtlVj1Jv3lLQtcvv2_pdrvI_VRg2EGhiJ1bYWr0eTf0XibBJ"
        "pMoutn_ZzPq7vTEC_PGbziaObtdzU1A12_GgGlJ_rueYc5Op-u8NtpuOLCy386lS1Q"
    ),
    p=(
        "32zmdYwxu85oeYQKyahQX-w1Ag6xcVJBYf501B39KdZsQJRcVIhSkDuIFA3oJKpps6O2Q-Bc-iG7NIrDl2Ihxfiv1Sfy"
        "gmPkI5XMbrflI7Fkk3lCjERPNjBWvDbDD2MLBZ-otdCxWRqLxbsdAuFBkRpJr3TwH10_D9Xhg1XnScs"
    ),
    q=(
        "uZUUJmpnbCbGTSp9g--fv3GydN0BnlsybN0LbCbOxK5XECLHl6J1m4hjxUeukPAqOpikO7ki1Vz5SDKiNLvJvO4gu9bw"
        "nHiW_kbSsh-FfLOrJHTZqluz27JhzHNrOcgXZUUdvvI9MTSCLUcM6K8Ivh2nZtjaXvH7Af5CsDWOmkc"
    ),
    dp=(
        "la6dju7HeuzDrXU6zPMINdtHgANb-XGEACS7HEijDN5sU6-RU8iol5xqhBT1C2tnuUPangq3_5ONmZvFgavquHjtQ76p"
        "h5VoiDaZaSumRY1Ytjwsy1AQSVuFID8H200dWz0lh_kyd2GDdoru2rkSdiXIa9XJ8RlFYFSH6rcoZpU"
    ),
    dq=(
        "Fwny3nIHNN37cEj-HAr7ggDTbr6hHM-liu5GJL8MnE4ocNBghuqcPxrHiA5GFag7FdstSFzLfkF0kQn4KSPG_7VwSuF8"
        "LXCrDhYswgA3yitj67q16vhHc9bJXWBWx22XufLCppncDue94XEYoSpZo4B678GsGm1gA_dUwBtmALE"
    ),
    qi=(
        "zYYIt_pcqva5eOst6e-VtybpAN96lju0BTY36f6bv8B2LXDdVtZAUXkiGW_oy202MiLCh5yKVkqCcJtDHo2pcF7GnA2U"
        "NGYN_Afh7BZNJN6HPDYjW3AZZbyvb9m2X02RWTYuhuPW8DQICLT1jfHY54xvoIwekfPaEeu4Pv8p174"
    ),
)

JWT_PRIVATE_SIGNING_JWK = json.dumps(_PRIVATE)
JWT_PUBLIC_SIGNING_JWK_SET = json.dumps({"keys": [_PUBLIC]})
