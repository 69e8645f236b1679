package text

import (
	"math"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Amount is a sum of money in a text.
type Amount struct {
	Value      float64 // in whole units of the currency: 12,5 miljoner kronor is 12500000
	Currency   string  // ISO 4217
	Start, End int     // from the first figure or the currency before it to the last figure or word
}

// Amounts finds every sum of money in s, in order: figures with a currency before or after them, with
// Swedish or English separators and words for thousands, millions and milliards. Both ends of a range
// ("mellan 2 och 5 miljoner kronor") are amounts. Figures without a currency are none.
func Amounts(s string) []Amount {
	var out []Amount
	d := dater{s: s} // for its tokens
	taken := 0       // nothing before this place belongs to the next amount
	for i := 0; i < len(s); {
		if !isDigit(s[i]) {
			i++
			continue
		}
		if !startsNumber(s, i) {
			for i < len(s) && isDigit(s[i]) {
				i++
			}
			continue
		}
		found, end := d.amount(i, taken)
		if len(found) > 0 {
			out = append(out, found...)
			taken = found[len(found)-1].End
			end = max(end, taken)
		}
		i = end
	}
	return out
}

// startsNumber tells whether the figure at i begins a number: not inside a word, a code or another number.
func startsNumber(s string, i int) bool {
	if i == 0 {
		return true
	}
	r, n := utf8.DecodeLastRuneInString(s[:i])
	switch {
	case unicode.IsLetter(r):
		// "EUR500", "SEK4m": a currency may stand close; CL5 may not.
		return currencyBefore(s[:i]) != ""
	case r == '_' || unicode.IsDigit(r):
		return false
	case r == '-' || r == '/' || r == '.' || r == ',' || r == ':':
		q, _ := utf8.DecodeLastRuneInString(s[:i-n])
		return !unicode.IsDigit(q) && !unicode.IsLetter(q)
	}
	return true
}

// quantity is a number with the word for its size.
type quantity struct {
	value      float64
	start, end int
	size       float64 // 1 if no word was given
	year       bool    // plain four figures that may as well be a year
}

// amount reads the amount, or the two of a range, whose figures begin at i. It gives the place to go on at.
func (d *dater) amount(i, taken int) ([]Amount, int) {
	q := d.quantity(i)
	code, start := d.before(i, taken)
	after, end := d.currency(q)
	if after != "" && q.size == 1 && end > q.end {
		// MSEK, mnkr: the currency's word told the size as well.
		if f := fused(d.s[q.end:end]); f != 0 {
			q.size = f
		}
	}
	if code == "" && after != "" && q.year && d.tok(end).kind == number {
		return nil, q.end // "2026 EUR 3 million": the currency belongs to what follows
	}
	var out []Amount
	if code != "" || after != "" {
		if code == "" {
			code = after
		}
		out = append(out, Amount{q.value * q.size, code, start, end})
	} else {
		end = q.end
	}
	// The other end of a range.
	if after == "" {
		if j, sign := d.amountRange(q.end, start); j > 0 {
			t := d.tok(j)
			if code != "" && (currencySign(t.text) == code || currencyWord(t.text) == code) {
				t = d.tok(t.end) // EUR 10 to EUR 30 million
			}
			if t.kind == number && (t.start == j || sign || startsNumber(d.s, t.start)) {
				q2 := d.quantity(t.start)
				_, start2 := d.before(t.start, q.end)
				after2, end2 := d.currency(q2)
				if after2 != "" && q2.size == 1 {
					if f := fused(d.s[q2.end:end2]); f != 0 {
						q2.size = f
					}
				}
				if after2 != "" || code != "" && (sign || q2.size > 1) {
					if after2 == "" {
						after2, end2 = code, q2.end
					}
					if q.size == 1 && q2.size > 1 && q.value < 1000 {
						q.size = q2.size
					}
					return []Amount{
						{q.value * q.size, after2, start, max(q.end, i+1)},
						{q2.value * q2.size, after2, start2, end2},
					}, end2
				}
			}
		}
	}
	return out, max(end, q.end)
}

// amountRange reads the sign or word between the ends of a range: a dash, or "to"; "and" only after a
// currency or "between".
func (d *dater) amountRange(i, start int) (next int, sign bool) {
	t := d.tok(i)
	if t.feeds > 0 {
		return 0, false
	}
	switch strings.ToLower(t.text) {
	case "-", "–", "—", "−", "to", "till":
		return t.end, true
	case "and", "och":
		w := strings.TrimRightFunc(d.s[max(0, start-16):start], unicode.IsSpace)
		w = strings.ToLower(w[strings.LastIndexAny(w, " \n(")+1:])
		if w == "between" || w == "mellan" {
			return t.end, true
		}
	}
	return 0, false
}

// quantity reads a number and the word for its size: 12,5 miljoner; 3.5m; 500k.
func (d *dater) quantity(i int) quantity {
	v, end, decimal3, year := figure(d.s, i)
	q := quantity{value: v, start: i, end: end, size: 1, year: year}
	t := d.tok(end)
	if t.kind != word || t.feeds > 0 {
		return q
	}
	size, short := sizeWord(t.text)
	if strings.EqualFold(t.text, "t") && currencySign(d.tok(t.end).text) != "" { // 500 T€
		size, short = 1e3, true
	}
	if size == 0 {
		return q
	}
	wend := t.end
	if p := d.tok(wend); short && p.text == "." && !p.gap {
		wend = p.end // 3 milj. kr
	}
	if len(t.text) == 1 {
		// m, k and b alone also mean metres and much else: they count only next to a currency.
		cur, _ := d.currency(quantity{end: wend})
		code, _ := d.before(i, 0)
		if cur == "" && (code == "" || t.gap && t.text != "m" && t.text != "M") {
			return q
		}
	}
	q.size, q.end, q.year = size, wend, false
	if decimal3 { // "1.500 million" is one and a half
		q.value /= 1000
	}
	return q
}

// figure reads a number at i with its separators. decimal3 says that its only separator is a full stop or
// comma before three figures: a thousand, unless a word for the size follows.
func figure(s string, i int) (v float64, end int, decimal3, year bool) {
	j := i
	for j < len(s) && isDigit(s[j]) {
		j++
	}
	digits := s[i:j]
	first := j - i
	groups := 0
	sep := ""
	for first <= 3 && j < len(s) && groups < 5 {
		n, same := groupSign(s, j)
		if n == 0 || !same || j+n+3 > len(s) || !threeDigits(s[j+n:]) {
			break
		}
		g := s[j : j+n]
		if sep != "" && g != sep && !(blank(g) && blank(sep)) {
			break
		}
		sep = g
		digits += s[j+n : j+n+3]
		j += n + 3
		groups++
	}
	if first == 1 && s[i] == '0' && groups > 0 && (sep == "." || sep == ",") { // 0,125
		j = i + 1
		digits, groups = s[i:j], 0
	}
	frac := ""
	if j+1 < len(s) && (s[j] == ',' || s[j] == '.') && isDigit(s[j+1]) && (groups == 0 || s[j:j+1] != sep) {
		k := j + 1
		for k < len(s) && isDigit(s[k]) {
			k++
		}
		// Not the head of 1.2.3 nor of 2027-03-04's relatives.
		if k+1 >= len(s) || s[k] != '.' && s[k] != ',' || !isDigit(s[k+1]) {
			frac = s[j+1 : k]
			j = k
		}
	}
	if len(digits) > 15 {
		return 0, j, false, false
	}
	if len(frac) > 15 {
		frac = frac[:15]
	}
	v, _ = strconv.ParseFloat(digits+"."+frac+"0", 64) // figures only: it cannot fail
	decimal3 = groups == 1 && frac == "" && (sep == "." || sep == ",")
	year = first == 4 && groups == 0 && frac == "" && yearOK(atoi(digits))
	return v, j, decimal3, year
}

// groupSign is the length of a sign that may part groups of three figures.
func groupSign(s string, i int) (int, bool) {
	switch s[i] {
	case '.', ',', '\'', ' ':
		return 1, true
	}
	for _, g := range []string{"\u00a0", "\u202f", "\u2009", "’"} {
		if strings.HasPrefix(s[i:], g) {
			return len(g), true
		}
	}
	return 0, false
}

func blank(s string) bool { return spaceAt(s, 0) > 0 }

func threeDigits(s string) bool {
	return isDigit(s[0]) && isDigit(s[1]) && isDigit(s[2]) && (len(s) == 3 || !isDigit(s[3]))
}

// sizeWord gives what a word multiplies by, and whether it is a shortened one. The Swedish biljon is a
// million millions, the English billion a thousand.
func sizeWord(w string) (size float64, short bool) {
	switch w {
	case "k", "K":
		return 1e3, true
	case "m", "M":
		return 1e6, true
	case "b", "B":
		return 1e9, true
	}
	switch strings.ToLower(w) {
	case "tusen", "thousand":
		return 1e3, false
	case "miljon", "miljoner", "million", "millions", "millioner":
		return 1e6, false
	case "milj", "mn", "mln", "mio":
		return 1e6, true
	case "miljard", "miljarder", "billion", "billions":
		return 1e9, false
	case "md", "mdr", "mrd", "bn":
		return 1e9, true
	case "biljon", "biljoner", "trillion", "trillions":
		return 1e12, false
	}
	return 0, false
}

// currency reads the currency that follows q.
func (d *dater) currency(q quantity) (code string, end int) {
	t := d.tok(q.end)
	if t.feeds > 0 {
		return "", q.end
	}
	// Adjectives: "miljoner svenska kronor".
	home := ""
	switch strings.ToLower(t.text) {
	case "svenska", "swedish":
		home = "SEK"
	case "norska", "norwegian":
		home = "NOK"
	case "danska", "danish":
		home = "DKK"
	}
	if home != "" {
		switch x := d.tok(t.end); strings.ToLower(x.text) {
		case "kr", "kronor", "krona", "kroner", "krone":
			return home, x.end
		}
		return "", q.end
	}
	if t.kind == sign {
		if code := currencySign(t.text); code != "" {
			return code, t.end
		}
		if strings.HasPrefix(d.s[t.start:], ":-") { // 500:-
			return "SEK", t.start + len(":-")
		}
		return "", q.end
	}
	if code := currencyWord(t.text); t.kind == word && code != "" {
		return code, t.end
	}
	return "", q.end
}

func currencySign(s string) string {
	switch s {
	case "€":
		return "EUR"
	case "£":
		return "GBP"
	case "$":
		return "USD"
	}
	return ""
}

// currencyWord gives the currency that w names, alone or fused with a size: kr, euro, MSEK, mnkr.
func currencyWord(w string) string {
	if len(w) > 12 {
		return ""
	}
	switch l := strings.ToLower(w); l {
	case "kr", "kronor", "krona", "sek", "mkr", "mnkr", "mdkr", "mdrkr", "tkr", "msek", "tsek", "ksek", "mdsek", "bnsek", "mnsek":
		return "SEK"
	case "eur", "euro", "euros", "euron", "meur", "keur", "teur", "bneur", "mneur":
		return "EUR"
	case "nok", "mnok", "dkk", "mdkk", "gbp", "usd", "chf", "pln", "isk", "czk", "huf", "ron", "bgn", "cad", "musd", "mgbp":
		return strings.ToUpper(l[len(l)-3:])
	case "dollar", "dollars":
		return "USD"
	case "pund":
		return "GBP"
	}
	return ""
}

// fused gives the size that a currency's word holds: of mnkr a million, of kr 0.
func fused(w string) float64 {
	w = strings.ToLower(strings.TrimSpace(w))
	for _, c := range []string{"kr", "sek", "eur", "nok", "dkk", "usd", "gbp"} {
		if head, ok := strings.CutSuffix(w, c); ok && head != "" {
			switch head {
			case "t", "k":
				return 1e3
			case "m", "mn", "mio":
				return 1e6
			case "md", "mdr", "mrd", "bn", "b":
				return 1e9
			}
		}
	}
	return 0
}

// before reads the currency that stands before the figure at i, not reaching back over taken.
func (d *dater) before(i, taken int) (code string, start int) {
	head := d.s[min(taken, i):i]
	if len(head) > 24 {
		head = head[len(head)-24:]
	}
	code = currencyBefore(head)
	if code == "" {
		return "", i
	}
	trimmed := strings.TrimRight(head, " \u00a0\u202f\u2009")
	n := len(trimmed)
	for _, c := range []string{"€", "£", "$"} {
		if strings.HasSuffix(trimmed, c) {
			return code, i - len(head) + n - len(c)
		}
	}
	for n > 0 && isASCIILetter(trimmed[n-1]) {
		n--
	}
	return code, i - len(head) + n
}

// currencyBefore gives the currency that head ends in.
func currencyBefore(head string) string {
	if len(head) > 24 {
		head = head[len(head)-24:]
	}
	head = strings.TrimRight(head, " \u00a0\u202f\u2009")
	switch {
	case strings.HasSuffix(head, "€"):
		return "EUR"
	case strings.HasSuffix(head, "£"):
		return "GBP"
	case strings.HasSuffix(head, "$"):
		return "USD"
	}
	n := len(head)
	for n > 0 && isASCIILetter(head[n-1]) {
		n--
	}
	if r, _ := utf8.DecodeLastRuneInString(head[:n]); n > 0 && (unicode.IsLetter(r) || unicode.IsDigit(r) || r == '-' || r == '_') {
		return ""
	}
	switch strings.ToLower(head[n:]) {
	case "eur", "euro", "euros":
		return "EUR"
	case "sek", "kr":
		return "SEK"
	case "nok", "dkk", "gbp", "usd", "chf", "pln", "isk", "czk", "huf", "ron", "bgn", "cad":
		return strings.ToUpper(head[n:])
	}
	return ""
}

func isASCIILetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

// Euros gives the value of a in whole euros, when euros it is.
func (a Amount) Euros() (int64, bool) {
	if a.Currency != "EUR" || a.Value >= math.MaxInt64 {
		return 0, false
	}
	return int64(math.Round(a.Value)), true
}
