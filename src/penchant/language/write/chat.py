"""A writer behind an OpenAI-compatible URL: POST {url}/chat/completions, one prompt a request.

The key is an argument, travels in one header, and appears in no message and no name.
"""

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from penchant.errors import LanguageError, SettingError
from penchant.language.post import Post
from penchant.language.remote import CHARACTERS_PER_TOKEN, Spent, checked_address, used
from penchant.language.write.schema import UnfitError, asked, nothing, parse

T = TypeVar("T")

RULE = (
    "Answer with one JSON object of this form and nothing else: {form}. Go on from the last line. "
    "Use only what the text says; where it does not tell, null or [] is the right answer."
)
REPLY_TOKENS = 200
WAY = "chat-1"


class ChatWriter:
    """Answers by a chat URL, within a budget of tokens; temperature 0.

    An answer that does not have the form asked is sent back once with the reason; a second one counts as
    unknown, in `unfit`. Statuses 429 and 5xx, lost connections and timeouts are tried again, as `Post` does.

    Raises:
        SettingError: the URL is no web address, or a number is out of range.
    """

    batch = 1

    def __init__(
        self,
        url: str,
        model: str,
        *,
        key: str | None = None,
        timeout: float = 60.0,
        retries: int = 5,
        pause: float = 1.0,
        budget: int | None = None,
    ) -> None:
        checked_address(url, model, "writer")
        if retries < 0 or timeout <= 0:
            raise SettingError("timeout must be above 0, retries not below")
        self._url, self._model = url.rstrip("/"), model
        self._post = Post(f"{self._url}/chat/completions", key, timeout, retries, pause)
        self._spent = Spent(budget)
        self.unfit = 0

    @property
    def name(self) -> str:
        """The address, the model and how it is asked."""
        return f"{self._url}#{self._model} {WAY}"

    @property
    def spent(self) -> int:
        """Tokens bought so far."""
        return self._spent.tokens

    def write(self, prompts: Sequence[str], schema: type[T]) -> list[T]:
        """Return one answer a prompt. Raises LanguageError: no usable reply came, or the budget is spent."""
        return [self._answer(prompt, schema) for prompt in prompts]

    def _answer(self, prompt: str, schema: type[T]) -> T:
        said = [
            {"role": "system", "content": RULE.format(form=asked(schema))},
            {"role": "user", "content": prompt},
        ]
        for _ in range(2):
            content = self._ask(said)
            try:
                return parse(content, schema)
            except UnfitError as error:
                complaint = f"{error}. Answer again, in the form asked."
                said += [{"role": "assistant", "content": content}, {"role": "user", "content": complaint}]
        self.unfit += 1
        return nothing(schema)

    def _ask(self, said: Sequence[Mapping[str, str]]) -> str:
        """Return what the model answers to a conversation."""
        estimate = sum(-(-len(one["content"]) // CHARACTERS_PER_TOKEN) for one in said) + REPLY_TOKENS
        self._spent.expect(estimate)
        content = {"model": self._model, "messages": said, "temperature": 0, "max_tokens": REPLY_TOKENS}
        reply = self._post.send(content)
        self._spent.tokens += used(reply, estimate)
        return content_of(reply, self._post.place)


def content_of(reply: Mapping[str, Any], place: str) -> str:
    """Return the words of a chat reply. Raises LanguageError where it is none."""
    try:
        content = reply["choices"][0]["message"]["content"]
    except (KeyError, IndexError, TypeError) as error:
        raise LanguageError(
            f"{place}: the reply is no chat answer", hint="https://host/v1#model names a chat model"
        ) from error
    return content if isinstance(content, str) else ""
