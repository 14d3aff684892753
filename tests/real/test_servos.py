"""Software servos speak as STS3215s do."""

import pytest

from armtrial.real import registers as reg
from armtrial.real.servos import (
    ACTION,
    BROADCAST,
    LATER,
    PING,
    READ,
    SYNC_READ,
    SYNC_WRITE,
    WRITE,
    Instructions,
    Servo,
    answers,
    packet,
)

LINE = [Servo(1), Servo(2)]


def asked(to: int, instruction: int, *said: int) -> list[bytes]:
    return answers(LINE, to, instruction, bytes(said))


def test_a_packet_has_header_id_length_and_checksum() -> None:
    assert packet(1, PING) == bytes([0xFF, 0xFF, 1, 2, 1, 0xFB])


def test_a_ping_is_answered_by_the_one_that_is_meant() -> None:
    assert asked(2, PING) == [packet(2, 0)]
    assert asked(9, PING) == []


def test_a_read_gives_the_bytes_at_an_address() -> None:
    assert asked(1, READ, reg.MODEL.address, 2) == [packet(1, 0, bytes([777 & 0xFF, 777 >> 8]))]


def test_a_write_is_answered_and_read_back() -> None:
    assert asked(1, WRITE, reg.GOAL.address, 0x10, 0x02) == [packet(1, 0)]
    assert LINE[0].get(reg.GOAL) == 0x210


def test_what_is_read_only_stays() -> None:
    asked(1, WRITE, reg.POSITION.address, 1, 1)
    assert LINE[0].get(reg.POSITION) == 0


def test_a_sync_read_is_answered_in_the_order_of_its_list() -> None:
    replies = asked(BROADCAST, SYNC_READ, reg.ID.address, 1, 2, 1)
    assert replies == [packet(2, 0, b"\x02"), packet(1, 0, b"\x01")]


def test_a_sync_write_reaches_each_and_is_not_answered() -> None:
    assert asked(BROADCAST, SYNC_WRITE, reg.GOAL.address, 2, 1, 5, 0, 2, 7, 0) == []
    assert [servo.get(reg.GOAL) for servo in LINE] == [5, 7]


def test_a_registered_write_waits_for_its_action() -> None:
    asked(1, LATER, reg.GOAL.address, 99, 0)
    assert LINE[0].get(reg.GOAL) != 99
    asked(BROADCAST, ACTION)
    assert LINE[0].get(reg.GOAL) == 99


@pytest.mark.parametrize(
    ("register", "value", "raw"), [(reg.HOMING, -5, 0x805), (reg.POSITION, -1, 0x8001), (reg.LOAD, -300, 0x400 | 300)]
)
def test_what_is_below_zero_has_its_sign_in_a_bit(register: reg.Register, value: int, raw: int) -> None:
    servo = Servo(1)
    servo.put(register, value)
    assert int.from_bytes(servo.read(register.address, 2), "little") == raw
    assert servo.get(register) == value


def test_a_position_is_told_without_the_homing_offset() -> None:
    servo = Servo(1)
    servo.put(reg.HOMING, 100)
    servo.measure(2100, 0.5)
    assert (servo.get(reg.POSITION), servo.get(reg.LOAD)) == (2000, 500)


def test_a_goal_is_kept_within_the_limits_and_a_limp_servo_has_none() -> None:
    servo = Servo(1)
    servo.put(reg.LOWEST, 1000)
    assert servo.wanted is None
    servo.put(reg.TORQUE, 1)
    assert servo.wanted == 1000


def test_noise_before_and_a_wrong_checksum_between_instructions_are_passed_over() -> None:
    good = packet(1, PING)
    heard = Instructions().feed(b"\x00\xff" + good[:-1] + b"\x00" + good + good[:3])
    assert heard == [(1, PING, b"")]


def test_an_instruction_may_come_in_pieces() -> None:
    parts, good = Instructions(), packet(2, READ, b"\x05\x01")
    assert parts.feed(good[:4]) == []
    assert parts.feed(good[4:]) == [(2, READ, b"\x05\x01")]
