"""What the command line says besides problems, in English and Korean."""

from __future__ import annotations

import os

from outcode.values.catalogue import DEFAULT_LANGUAGE, LANGUAGES

WORDS: dict[str, dict[str, str]] = {
    "place.task": {"en": "task {task}", "ko": "태스크 {task}"},
    "place.field": {"en": "field {field}", "ko": "필드 {field}"},
    "place.row": {"en": "row {row}", "ko": "{row}행"},
    "check.fine": {
        "en": "{file}: {name}, tasks: {tasks}, nothing to mend",
        "ko": "{file}: {name}, 태스크 {tasks}개, 고칠 것 없음",
    },
    "run.begun": {"en": "run {id}", "ko": "실행 {id}"},
    "run.calls_left_out": {
        "en": "{kept} of {count} calls are kept.",
        "ko": "호출 {count}개 중 {kept}개가 남아 있습니다.",
    },
    "run.stopping": {"en": "Stopping run {id} …", "ko": "실행 {id}을(를) 멈추는 중 …"},
    "run.stopped": {
        "en": "Run {id}: {state}. What it had done stays done.",
        "ko": "실행 {id}: {state}. 이미 처리한 것은 그대로 남습니다.",
    },
    "schedule.off": {"en": "off", "ko": "꺼짐"},
    "file.saved": {"en": "Saved {path} ({size} bytes)", "ko": "{path} 저장됨({size}바이트)"},
    "task.rows": {"en": "{done} of {total}", "ko": "{total}개 중 {done}개"},
    "task.rows_failed": {"en": "{failed} failed", "ko": "실패 {failed}개"},
    "state.waiting": {"en": "waiting", "ko": "대기"},
    "state.running": {"en": "running", "ko": "실행 중"},
    "state.done": {"en": "done", "ko": "완료"},
    "state.failed": {"en": "failed", "ko": "실패"},
    "state.crashed": {"en": "crashed", "ko": "비정상 종료"},
    "state.cancelled": {"en": "cancelled", "ko": "취소됨"},
    "state.skipped": {"en": "skipped", "ko": "건너뜀"},
    "state.unknown": {"en": "unknown", "ko": "알 수 없음"},
    "connection.added": {"en": "Added {name} ({app}).", "ko": "{name}({app})을(를) 추가했습니다."},
    "connection.changed": {"en": "Changed {name} ({app}).", "ko": "{name}({app})을(를) 변경했습니다."},
    "connection.untested": {"en": "untested", "ko": "시험 안 함"},
    "connection.working": {"en": "working", "ko": "정상"},
    "connection.needs_attention": {"en": "needs attention", "ko": "확인 필요"},
    "connection.needs_reconnect": {"en": "needs reconnect", "ko": "다시 연결 필요"},
    "connection.identity": {"en": "Connected as {identity}.", "ko": "연결된 계정: {identity}"},
    "connection.same_as": {
        "en": "The same account is connected already: {names}.",
        "ko": "같은 계정이 이미 연결되어 있습니다: {names}",
    },
    "connection.no_way_to_try": {
        "en": "{app} gives no way to try {name}; the first run will show.",
        "ko": "{app}에는 {name}을(를) 시험할 방법이 없습니다. 첫 실행에서 확인됩니다.",
    },
    "oauth_client.set": {"en": "Set the OAuth client of {app}.", "ko": "{app}의 OAuth 클라이언트를 설정했습니다."},
    "oauth_client.removed": {
        "en": "Removed the OAuth client of {app}.",
        "ko": "{app}의 OAuth 클라이언트를 지웠습니다.",
    },
    "connection.works": {"en": "{name} works.", "ko": "{name}이(가) 작동합니다."},
    "connection.removed": {"en": "Removed {name}.", "ko": "{name}을(를) 지웠습니다."},
    "flow.imported": {"en": "Imported {name}, version {version}.", "ko": "{name} 버전 {version}을(를) 가져왔습니다."},
    "flow.drafted": {
        "en": "Imported {name} as draft, version {version}.",
        "ko": "{name} 버전 {version}을(를) 초안으로 가져왔습니다.",
    },
    "flow.published": {
        "en": "Published {name}, version {version}: triggers run it from now on.",
        "ko": "{name} 버전 {version}을(를) 게시했습니다. 이제 트리거가 이 버전을 실행합니다.",
    },
    "flow.restored": {
        "en": "Version {restored} of {name} is the draft again, as version {version}.",
        "ko": "{name}의 버전 {restored}이(가) 버전 {version}(으)로 다시 초안이 되었습니다.",
    },
    "flow.on": {"en": "on", "ko": "켜짐"},
    "flow.off": {"en": "off", "ko": "꺼짐"},
    "flow.switched_on": {"en": "{name} is on.", "ko": "{name}을(를) 켰습니다."},
    "flow.switched_off": {
        "en": "{name} is off: its trigger starts nothing.",
        "ko": "{name}을(를) 껐습니다. 트리거가 실행을 시작하지 않습니다.",
    },
    "version.published": {"en": "published", "ko": "게시됨"},
    "version.restored": {"en": "from version {number}", "ko": "버전 {number}에서 복원"},
    "version.same": {"en": "No difference.", "ko": "다른 점이 없습니다."},
    "version.task_added": {"en": "Task {letter} added", "ko": "태스크 {letter} 추가"},
    "version.task_removed": {"en": "Task {letter} removed", "ko": "태스크 {letter} 삭제"},
    "version.task_changed": {"en": "Task {letter} changed", "ko": "태스크 {letter} 변경"},
    "run.queued": {
        "en": "Run {id} waits for a worker; see how it goes with: outcode runs show {id}",
        "ko": "실행 {id}이(가) 워커를 기다립니다. 진행 상황: outcode runs show {id}",
    },
    "flow.written": {"en": "Wrote {path}.", "ko": "{path}에 썼습니다."},
    "key.keep": {
        "en": "Keep it now: it is stored as a digest only and cannot be shown again.",
        "ko": "지금 보관하세요. 해시로만 저장되어 다시 볼 수 없습니다.",
    },
    "webhook.secret_made": {
        "en": "Set this secret at the sender, too: it is shown only now.",
        "ko": "보내는 쪽에도 이 비밀 값을 설정하세요. 지금만 볼 수 있습니다.",
    },
    "webhook.secret_set": {
        "en": "Set the secret of the webhook of {flow}.",
        "ko": "{flow} 웹훅의 비밀 값을 설정했습니다.",
    },
    "webhook.armed": {
        "en": "The next request to {flow} before {until} is kept as a sample; show it with --show.",
        "ko": "{until} 전에 {flow}(으)로 오는 다음 요청을 샘플로 보관합니다. --show로 볼 수 있습니다.",
    },
    "serve.ready": {"en": "Outcode is ready on {base}", "ko": "Outcode가 {base}에서 준비되었습니다"},
    "serve.link": {
        "en": "Open this link once to sign in (it works one time; `outcode link` prints another):",
        "ko": "이 링크를 열어 로그인하세요(한 번만 쓸 수 있습니다. `outcode link`로 새 링크를 만듭니다):",
    },
    "serve.example": {
        "en": "Then press Run on one of the example flows, or call one from another shell:",
        "ko": "그런 다음 예제 플로우에서 실행을 누르거나 다른 셸에서 호출해 보세요:",
    },
    "serve.received": {
        "en": "What the flows send to the example receiver: curl {receiver}/orders",
        "ko": "플로우가 예제 수신기로 보낸 내용: curl {receiver}/orders",
    },
    "serve.stop": {
        "en": "Stop with Ctrl+C. All data stays in {folder}.",
        "ko": "Ctrl+C로 멈춥니다. 모든 데이터는 {folder}에 남습니다.",
    },
    "serve.worker": {"en": "Worker ready.", "ko": "워커가 준비되었습니다."},
    "serve.draining": {
        "en": "Stopping: what is at work is finished first; once more stops at once.",
        "ko": "멈추는 중: 진행 중인 실행을 먼저 끝냅니다. 한 번 더 누르면 바로 멈춥니다.",
    },
    "serve.stopped": {"en": "Stopped.", "ko": "멈췄습니다."},
}


def language() -> str:
    """The language of what is said, from the shell's locale."""
    locale = os.environ.get("LC_ALL") or os.environ.get("LC_MESSAGES") or os.environ.get("LANG") or ""
    return locale[:2] if locale[:2] in LANGUAGES else DEFAULT_LANGUAGE


def words(key: str, **details: object) -> str:
    """A sentence in the shell's language, its placeholders filled.

    >>> words("state.done") in {"done", "완료"}
    True
    """
    return WORDS[key][language()].format_map(details)
