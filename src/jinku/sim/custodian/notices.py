"""The simulated bank's notices to a platform: sent when the bank likes, twice, never, or an old one after a new one."""

import time

import httpx2

from jinku.custody.channel.custodian.envelope import CONTENT_TYPE, SIGNATURE_HEADER, Message, Purpose, seal
from jinku.custody.channel.custodian.table import Status
from jinku.sim.custodian.bank import Bank
from jinku.sim.custodian.books import Asked
from jinku.sim.custodian.faults import Noise
from jinku.sim.custodian.keys import BankKeys

NOTICES_PER_BEAT = 200
TRIES_MAX = 3
TIMEOUT_S = 2.0
_TOLD = (Status.SETTLED, Status.FAILED, Status.RETURNED)


class Notices:
    """Tells the platform at `url` what became of its requests."""

    def __init__(self, bank: Bank, keys: BankKeys, platform: str, url: str) -> None:
        self._bank, self._keys, self._platform, self._url = bank, keys, platform, url
        self._client = httpx2.AsyncClient(timeout=TIMEOUT_S, trust_env=False)
        self._tries: dict[str, int] = {}

    async def tell(self) -> int:
        """Send what was not told yet; how many arrived."""
        marks = ", ".join("?" * len(_TOLD))
        waiting = self._bank.books.requests(
            f"told <> status AND status IN ({marks}) AND service IN ('WITHDRAW', 'RECHARGE') LIMIT ?",
            *_TOLD,
            NOTICES_PER_BEAT,
        )
        arrived = 0
        for asked in waiting:
            about, plan = f"{asked.number}/{asked.status}", self._bank.plan
            heard = plan.noise(Noise.LOST, about) or await self._send(asked, asked.status)
            if heard and plan.noise(Noise.DUPLICATE, about):
                await self._send(asked, asked.status)
            if heard and plan.noise(Noise.OUT_OF_ORDER, about):
                await self._send(asked, Status.ACCEPTED)
            self._tries[about] = self._tries.get(about, 0) + 1
            if heard or self._tries[about] >= TRIES_MAX:
                self._tries.pop(about, None)
                self._bank.books.change(asked.number, told=asked.status)
                arrived += 1
        return arrived

    async def _send(self, asked: Asked, status: str) -> bool:
        body = {**self._bank.status_of(asked.number), "status": status}
        message = Message(
            service="ROLLBACK_RECHARGE" if status == Status.RETURNED else asked.service,
            platform=self._platform,
            request_no=asked.number,
            time=time.time_ns(),
            body=body,
        )
        raw, signature = seal(message, Purpose.NOTICE, self._keys.signer)
        headers = {SIGNATURE_HEADER: signature, "Content-Type": CONTENT_TYPE}
        try:
            answer = await self._client.post(self._url, content=raw, headers=headers)
        except httpx2.HTTPError:
            return False
        return answer.status_code == httpx2.codes.OK

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()
