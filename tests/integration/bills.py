"""Bills of the payment provider as it writes them: a header and lines, then a header and sums; yuan behind backticks."""

import datetime
import gzip
import hashlib

CHINA = datetime.timezone(datetime.timedelta(hours=8))
MARK = "\ufeff"
TRADE = ("交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,"
         "应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包,"
         "手续费,费率,订单金额,申请退款金额,费率备注").split(",")
TRADE_SUMS = "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额".split(",")
SPLIT = ("分账时间,分账发起方,分账方,微信订单号,微信分账/回退单号,分账明细单号,商户分账/回退单号,订单金额,分账接收方,"
         "分账金额,业务类型,处理状态,分账描述,备注").split(",")
SPLIT_SUMS = "总单数,分账总金额,回退总金额".split(",")
FUND = ("记账时间,微信支付业务单号,资金流水单号,业务名称,业务类型,收支类型,收支金额(元),账户结余(元),资金变更提交申请人,"
        "备注,业务凭证号").split(",")
FUND_SUMS = "资金流水总笔数,收入笔数,收入金额,支出笔数,支出金额".split(",")


def yuan(fen, more=""):
    return f"{'-' if fen < 0 else ''}{abs(fen) // 100}.{abs(fen) % 100:02d}{more}"


def day_of(at):
    return at.astimezone(CHINA).date()


class Bill:
    """One day of one merchant; lines are added, then text() or data() is the file."""

    def __init__(self, kind, day, signer="1000"):
        self.kind = kind
        self.day = day
        self.signer = signer
        self.lines = []
        self.sums = {"paid": 0, "back": 0, "fee": 0, "in": 0, "out": 0, "in_rows": 0}
        self.tick = "`"
        self.plant = {}

    def at(self, hour=12):
        return f"{self.day} {hour:02d}:00:00"

    def _trade(self, merchant, state, transaction, number, paid, back, fee):
        self.sums["paid"] += paid
        self.sums["back"] += back
        self.sums["fee"] += fee
        self.lines.append([self.at(), "wx1", self.signer, "0" if merchant == self.signer else merchant, "", transaction,
                           "o-" + transaction, "openid", "JSAPI", state, "OTHERS", "CNY", yuan(paid), "0.00",
                           "50" + number if back else "0", number, yuan(back), "0.00", "", "", "goods", "",
                           yuan(fee, "000"), "0.60%", yuan(paid), yuan(back), ""])
        return self

    def paid(self, transaction, fen, fee=0, merchant=None):
        return self._trade(merchant or self.signer, "SUCCESS", transaction, "0", fen, 0, fee)

    def refunded(self, transaction, number, fen, fee=0, merchant=None):
        return self._trade(merchant or self.signer, "REFUND", transaction, number, 0, fen, -fee)

    def split(self, transaction, number, receiver, fen, word="分账", payer=None):
        self.sums["back" if word == "分账回退" else "paid"] += fen
        self.lines.append([self.at(), self.signer, payer or self.signer, transaction, "wx" + number,
                           f"d-{number or transaction}-{receiver}-{word}", number, "0.00", receiver, yuan(fen), word, "成功", "", ""])
        return self

    def flow(self, word, fen, transaction="", number=""):
        """What changed the merchant's money: in is positive."""
        self.sums["in" if fen > 0 else "out"] += abs(fen)
        self.sums["in_rows"] += fen > 0
        self.lines.append([self.at(), transaction, f"f-{self.day}-{len(self.lines)}", word, word,
                           "收入" if fen > 0 else "支出", yuan(abs(fen)), "0.00", "system", "", number])
        return self

    def parts(self):
        """(header, lines, header of the sums, sums)."""
        s, count = self.sums, str(len(self.lines))
        if self.kind == "trade":
            return TRADE, self.lines, TRADE_SUMS, [count, yuan(s["paid"]), yuan(s["back"]), "0.00",
                                                   yuan(s["fee"], "000"), yuan(s["paid"]), yuan(s["back"])]
        if self.kind == "split":
            return SPLIT, self.lines, SPLIT_SUMS, [count, yuan(s["paid"]), yuan(s["back"])]
        return FUND, self.lines, FUND_SUMS, [count, str(s["in_rows"]), yuan(s["in"]),
                                             str(len(self.lines) - s["in_rows"]), yuan(s["out"])]

    def rows(self):
        head, lines, sums_head, sums = self.parts()
        ticked = [[self.tick + c for c in line] for line in lines]
        return [head, *ticked, sums_head, [self.tick + c for c in sums]]

    def text(self, end="\r\n"):
        return MARK + "".join(",".join(row) + end for row in self.rows())

    def data(self, packed=False, end="\r\n"):
        data = self.text(end).encode()
        return gzip.compress(data) if packed else data

    def sha1(self):
        return hashlib.sha1(self.text().encode()).hexdigest()
