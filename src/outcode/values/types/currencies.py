"""ISO 4217: the codes in use, how many decimals each has, and the signs amounts are written with."""

from __future__ import annotations

_TWO = (
    "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF "
    "CHW CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL "
    "HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU "
    "MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR "
    "SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED "
    "VES WST XCD XCG YER ZAR ZMW ZWG"
)
_NONE = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"
_THREE = "BHD IQD JOD KWD LYD OMR TND"
_FOUR = "CLF UYW"
_DECIMALS: dict[str, int] = {
    code: decimals for codes, decimals in ((_NONE, 0), (_TWO, 2), (_THREE, 3), (_FOUR, 4)) for code in codes.split()
}
_DOLLAR_CODES = (
    "ARS AUD BBD BMD BND BSD BZD CAD CLP COP CVE CUP DOP FJD GYD HKD JMD KYD LRD MOP MXN NAD NZD SBD SGD SRD TTD "
    "TWD USD UYU XCD"
)
_DOLLARS = frozenset(_DOLLAR_CODES.split())
SIGNS: dict[str, frozenset[str]] = {
    "$": _DOLLARS,
    "US$": frozenset({"USD"}),
    "A$": frozenset({"AUD"}),
    "C$": frozenset({"CAD", "NIO"}),
    "CA$": frozenset({"CAD"}),
    "HK$": frozenset({"HKD"}),
    "NT$": frozenset({"TWD"}),
    "NZ$": frozenset({"NZD"}),
    "S$": frozenset({"SGD"}),
    "R$": frozenset({"BRL"}),
    "MX$": frozenset({"MXN"}),
    "달러": _DOLLARS,
    "₩": frozenset({"KRW", "KPW"}),
    "원": frozenset({"KRW", "KPW"}),
    "€": frozenset({"EUR"}),
    "유로": frozenset({"EUR"}),
    "£": frozenset({"GBP", "EGP", "FKP", "GIP", "LBP", "SDG", "SHP", "SSP", "SYP"}),
    "¥": frozenset({"JPY", "CNY"}),
    "円": frozenset({"JPY"}),
    "엔": frozenset({"JPY"}),
    "元": frozenset({"CNY", "TWD", "HKD"}),
    "위안": frozenset({"CNY"}),
    "₹": frozenset({"INR"}),
    "₽": frozenset({"RUB"}),
    "₺": frozenset({"TRY"}),
    "₫": frozenset({"VND"}),
    "฿": frozenset({"THB"}),
    "₱": frozenset({"PHP", "CUP"}),
    "₪": frozenset({"ILS"}),
    "₴": frozenset({"UAH"}),
    "₦": frozenset({"NGN"}),
    "₸": frozenset({"KZT"}),
    "zł": frozenset({"PLN"}),
    "Kč": frozenset({"CZK"}),
    "kr": frozenset({"DKK", "ISK", "NOK", "SEK"}),
    "Ft": frozenset({"HUF"}),
    "Rp": frozenset({"IDR"}),
    "RM": frozenset({"MYR"}),
    "Fr": frozenset({"CHF"}),
    "Rs": frozenset({"INR", "LKR", "MUR", "NPR", "PKR", "SCR"}),
}
"""What stands before or after an amount, and the currencies it can mean; codes themselves stand for themselves."""


def is_currency(code: str) -> bool:
    """Whether this is the code of a currency in use, in capitals."""
    return code in _DECIMALS


def minor_digits(code: str) -> int:
    """How many decimals amounts of a currency have, by ISO 4217.

    >>> minor_digits("KRW"), minor_digits("USD"), minor_digits("KWD")
    (0, 2, 3)
    """
    return _DECIMALS[code]


def currencies_of(sign: str) -> frozenset[str]:
    """The currencies a sign or a code can mean; none for anything else.

    >>> sorted(currencies_of("₩")), sorted(currencies_of("usd")), currencies_of("kg")
    (['KPW', 'KRW'], ['USD'], frozenset())
    """
    if (known := SIGNS.get(sign)) is not None:
        return known
    code = sign.upper()
    return frozenset({code}) if code in _DECIMALS else frozenset()
