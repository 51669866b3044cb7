"""What a view declares as its throttles, carried out: taken, given back or kept by the outcome."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.core.exceptions import SuspiciousOperation
from rest_framework.exceptions import APIException
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import BaseThrottle

from platform_shared.kit import addresses, emails, throttles
from platform_shared.kit.errors import DomainError
from platform_shared.kit.idempotency import REPLAYED
from platform_shared.kit.principal import Principal
from platform_shared.kit.throttles import Budget, Counts, Limiter, Per, Throttle
from platform_shared.tenancy import binding

LONGEST_EMAIL = 254


class DeclaredThrottles(BaseThrottle):
    """Takes what the request needs from the view's budgets; ``view.tally`` settles it afterwards.

    A view that declares none costs nothing: Valkey is not asked.
    """

    def allow_request(self, request: Request, view: Any) -> bool:
        """Return True, or raise.

        Raises:
            TooManyRequests: a budget is used up.
        """
        declared = getattr(view, "throttles", ())  # the documents' views are not ours
        if declared:
            view.tally = Tally(declared, request)
            view.tally.take()
        return True


class Tally:
    """What one request has taken, and what becomes of it.

    ``barred`` says that a budget is used up that yields to those who are known here, and that this
    is nobody known. The view then does the same work in vain: the answer, and how long it takes,
    tell neither who is known nor whether the guess was right.
    """

    def __init__(self, declared: Sequence[Throttle], request: Request) -> None:
        self._declared = declared
        self._request = request
        self._taken: list[tuple[Budget, Limiter]] = []
        self._used_up: Budget | None = None
        self._settled = False
        self.barred = False

    def take(self) -> None:
        """Take one of each budget that is counted before the work is done.

        Raises:
            TooManyRequests: one is used up; nothing is taken then.
        """
        for throttle in self._declared:
            budget = _budget(throttle, self._request)
            if budget is None or throttle.counts is Counts.MISSES:
                continue
            in_turn = throttle.counts is Counts.GUESSES and not throttle.yields_to_known
            limiter = budget.take_in_turn() if in_turn else budget.take()
            if limiter is not None:
                self._taken.append((budget, limiter))
            elif throttle.yields_to_known:
                self._used_up = self._used_up or budget
            else:
                self._give_back()
                raise budget.used_up()
        if self._used_up is not None:
            self.barred = not throttles.is_known(_here(self._request))

    def failed(self, error: Exception) -> Exception:
        """Settle by what the view has raised; return what is to be answered with."""
        self._settled = True
        if not isinstance(error, DomainError | APIException):
            # A bug of ours, maybe half-way through a guess.
            self._give_back(keeping=frozenset().union(*(t.codes for t in self._declared)))
            return error
        codes = _codes(error)
        self._give_back(keeping=codes)
        if self._used_up is not None and codes & self._used_up.throttle.codes:
            return self._used_up.used_up()
        for throttle in self._declared:
            if throttle.counts is Counts.MISSES and codes & throttle.codes:
                return miss(throttle, self._request) or error
        return error

    def answered(self, response: Response) -> None:
        """Settle by an answer that is no error, and say in any answer how much is left."""
        if not self._settled:
            self._settled = True
            if REPLAYED in response:
                self._give_back()  # nothing was tried now, so nothing has succeeded
            else:
                self._succeeded()
        for throttle in self._declared:
            try:
                budget = _budget(throttle, self._request) if throttle.told else None
            except (APIException, SuspiciousOperation):
                budget = None  # a body that nobody can read, as the answer says
            if budget is not None and "RateLimit" not in response:
                for name, value in budget.headers().items():
                    response[name] = value

    def _succeeded(self) -> None:
        requests = [taken for taken in self._taken if taken[0].throttle.counts is Counts.REQUESTS]
        guesses = [taken for taken in self._taken if taken not in requests]
        for budget, limiter in guesses:
            if _is_own(budget.throttle):
                budget.forget()
            else:
                budget.give_back(limiter)
        if any(throttle.yields_to_known for throttle in self._declared):
            throttles.remember(_here(self._request))

    def _give_back(self, keeping: frozenset[str] = frozenset()) -> None:
        for budget, limiter in self._taken:
            throttle = budget.throttle
            if throttle.counts is Counts.GUESSES and keeping & throttle.codes:
                budget.was_wrong()
            else:
                budget.give_back(limiter)
        self._taken.clear()


def miss(throttle: Throttle, request: Request) -> Exception | None:
    """Count a miss; return the error to answer with when there were too many, else None."""
    budget = _budget(throttle, request)
    return None if budget is None or budget.take() is not None else budget.used_up()


def welcome(declared: Sequence[Throttle], request: Request, email: str) -> None:
    """Take somebody who has proved in another way whose account it is as having signed in here."""
    for throttle in declared:
        if _is_own(throttle):
            _budget_of(throttle, email, request).forget()
    throttles.remember(_key(Per.ACCOUNT_AND_ADDRESS, emails.normalise(email), request))


def _is_own(throttle: Throttle) -> bool:
    """Return whether success makes the budget whole.

    The one of an account from everywhere stays as it is: whoever guesses would get a fresh one with
    each sign-in of the owner, and would learn that there is an owner.
    """
    return throttle.per in (Per.ACCOUNT, Per.ACCOUNT_AND_ADDRESS) and not throttle.yields_to_known


def _codes(error: Exception) -> frozenset[str]:
    found = [getattr(error, name, "") for name in ("code", "inner_code")]
    found += [field.code for field in getattr(error, "errors", ())]
    return frozenset(found)


def _account(request: Request) -> str | None:
    """Return whose account it is about: the caller's, or of whom the payload's e-mail would be.

    Whether there is such an account makes no difference. None where there is no e-mail in it, which
    the view is going to refuse.
    """
    caller: object = request.user
    if isinstance(caller, Principal):
        return str(caller.user_id)
    email = request.data.get("email") if isinstance(request.data, Mapping) else None
    if not isinstance(email, str) or len(email.strip()) > LONGEST_EMAIL:
        return None
    return emails.normalise(email)


def _budget(throttle: Throttle, request: Request) -> Budget | None:
    """Return the throttle's budget of this request, or None: it says nothing to count by."""
    account = None
    if throttle.per in (Per.ACCOUNT, Per.ACCOUNT_AND_ADDRESS):
        account = _account(request)
        if account is None:
            return None
    return Budget(throttle, _key(throttle.per, account, request))


def _budget_of(throttle: Throttle, email: str, request: Request) -> Budget:
    return Budget(throttle, _key(throttle.per, emails.normalise(email), request))


def _here(request: Request) -> str:
    """Return the key of the account at this address."""
    return _key(Per.ACCOUNT_AND_ADDRESS, _account(request), request)


def _key(per: Per, account: str | None, request: Request) -> str:
    address = addresses.who(addresses.client_address(request.META))
    parts = {
        Per.ACCOUNT_AND_ADDRESS: (account or "", address),
        Per.ACCOUNT: (account or "",),
        Per.ADDRESS: (address,),
        Per.CLUB: (),
    }
    return throttles.key_of(binding.scope(), *parts[per])
