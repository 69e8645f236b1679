package link

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"utkik/internal/text"
)

// The places where a code can stand, weakest first.
const (
	placeText  = iota + 1 // somewhere in the text
	placeLead             // in the text's first words, where a notice says what it is about
	placeLabel            // in the text, behind a word such as "Topic:"
	placeOwn              // in identifier, title or address: it is the item's own
)

// Code is an identifier that an item names.
type Code struct {
	Code  string `json:"c"` // in normal form
	Place int    `json:"p"`
	Slug  bool   `json:"s,omitempty"` // seen in an address only, where a code and plain words look alike
	Field string `json:"f"`
	Quote string `json:"q"`
}

// family is what kind of identifier a code is: codes of one family that differ mean different things.
func family(code string) string {
	switch {
	case strings.HasPrefix(code, "COM("):
		return "com"
	case strings.HasPrefix(code, "ARES("):
		return "ares"
	case strings.HasPrefix(code, "DNR "):
		return "dnr"
	case strings.HasPrefix(code, "SOU "), strings.HasPrefix(code, "DS "):
		return "sou"
	}
	return "call"
}

// programmes begin the codes of the EU's calls.
var programmes = map[string]bool{
	"HORIZON": true, "CEF": true, "LIFE": true, "CERV": true, "DIGITAL": true, "ERASMUS": true, "CREA": true, "EU4H": true,
	"EDF": true, "SMP": true, "INNOVFUND": true, "ISF": true, "AMIF": true, "BMVI": true, "JUST": true, "EMFAF": true, "I3": true,
	"ESC": true, "RFCS": true, "EURATOM": true, "AGRIP": true, "PPPA": true, "UCPM": true, "ESF": true, "SOCPL": true,
	"IMCAP": true, "IMREG": true, "JTM": true, "PERI": true, "ERC": true, "EUBA": true, "EUAF": true, "EP": true, "DEE": true,
	"EIC": true, "MSCA": true, "EUI": true, "INTERREG": true, "RELEX": true, "NDICI": true, "IPA": true, "HERCULE": true, "PERICLES": true,
	"EUSPA": true, "CUST": true, "FISC": true, "TSI": true, "EAC": true, "ESCAPE": true, "RENEWFM": true, "EIE": true,
}

// labels stand before the code that a page is about.
var labels = []string{"reference", "identifier", "call id", "topic id", "topic", "topics", "call", "code", "call code", "call reference",
	"referens", "beteckning", "utlysnings-id", "utlysningskod", "kod", "ämneskod", "ämne", "utlysning", "diarienummer", "dnr",
	"call number", "call identifier", "topic code", "referensnummer", "id", "ares reference", "document reference"}

// tails are plain words that an address hangs on a code.
var tails = map[string]bool{"CALL": true, "CALLS": true, "PROPOSAL": true, "PROPOSALS": true, "TOPIC": true, "EN": true, "SV": true,
	"HTML": true, "OPEN": true, "NEW": true, "FOR": true, "UTLYSNING": true}

// leadBytes is how much of a text says what it is about.
const leadBytes = 420

// codesIn finds the codes of a text, in order, each once at its best place.
func codesIn(s, field string) []Code {
	var out []Code
	add := func(code string, start, end int) {
		place := placeText
		switch {
		case field != "text":
			place = placeOwn
		case labelled(s[:start]):
			place = placeLabel
		case start < leadBytes:
			place = placeLead
		}
		out = append(out, Code{Code: code, Place: place, Field: field, Quote: around(s, start, end)})
	}
	for i := 0; i < len(s); {
		c := s[i]
		if !alnum(c) || i > 0 && (alnum(s[i-1]) || s[i-1] == '-') {
			i++
			continue
		}
		end := tokenEnd(s, i)
		switch low := c | 0x20; {
		case low == 'c' || low == 'k':
			if code, n := comAt(s[i:]); n > 0 {
				add(code, i, i+n)
				i += n
				continue
			}
		case low == 'a':
			if code, n := aresAt(s[i:]); n > 0 {
				add(code, i, i+n)
				i += n
				continue
			}
		case low == 's' || low == 'd':
			if code, n := inquiryAt(s[i:]); n > 0 {
				add(code, i, i+n)
				i += n
				continue
			}
		case c == '5':
			if code, ok := celex(s[i:end]); ok {
				add(code, i, end)
				i = end
				continue
			}
		case low == 'e':
			if code, n := europeAidAt(s[i:]); n > 0 {
				add(code, i, i+n)
				i += n
				continue
			}
		}
		token := s[i:end]
		if code, ok := euCode(token, field == "url"); ok {
			// A line that broke behind a hyphen goes on.
			if r, _ := utf8.DecodeLastRuneInString(token); hyphen(r) && end+1 < len(s) && (s[end] == ' ' || s[end] == '\n') && upperOrDigit(s[end+1]) {
				more := tokenEnd(s, end+1)
				if whole, ok := euCode(token+s[end+1:more], false); ok {
					code, end = whole, more
				}
			}
			add(code, i, end)
		} else if code, ok := dnr(token); ok && field == "text" && dnrBefore(s[:i]) {
			add(code, i, end)
		}
		i = max(end, i+1)
	}
	return once(out)
}

// once keeps every code at its best place.
func once(codes []Code) []Code {
	var out []Code
	for _, c := range codes {
		if i := slices.IndexFunc(out, func(o Code) bool { return o.Code == c.Code }); i < 0 {
			out = append(out, c)
		} else if c.Place > out[i].Place || c.Place == out[i].Place && out[i].Slug && !c.Slug {
			out[i] = c
		}
	}
	return out
}

func alnum(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
}

func digit(c byte) bool { return c >= '0' && c <= '9' }

func upperOrDigit(c byte) bool { return c >= 'A' && c <= 'Z' || digit(c) }

// hyphen tells whether r joins the parts of a code, as pages write it.
func hyphen(r rune) bool {
	switch r {
	case '-', '_', '\u2010', '\u2011', '\u2012', '\u2013', '\u00ad':
		return true
	}
	return false
}

// tokenEnd is where the run of letters, digits and hyphens that begins at i ends.
func tokenEnd(s string, i int) int {
	for i < len(s) {
		if c := s[i]; c < utf8.RuneSelf {
			if !alnum(c) && c != '-' && c != '_' {
				break
			}
			i++
			continue
		}
		r, n := utf8.DecodeRuneInString(s[i:])
		if !hyphen(r) && !unicode.IsLetter(r) {
			break
		}
		i += n
	}
	return i
}

// euCode reads a code such as HORIZON-CL5-2026-D3-01-05: a programme, a year that stands alone, and something more. In
// an address plain words look the same, and the tails of pages are cut.
func euCode(token string, slug bool) (string, bool) {
	if strings.HasSuffix(token, "COMPETITIVE_CALL") && len(token) < 30 && digit(token[0]) {
		return token, true
	}
	if len(token) < 8 || len(token) > 90 || !strings.ContainsFunc(token, hyphen) {
		return "", false
	}
	parts := strings.FieldsFunc(token, hyphen)
	for i := range parts {
		parts[i] = strings.ToUpper(parts[i])
	}
	if !programmes[parts[0]] {
		return "", false
	}
	// A Swedish ending, or a page's own words, is no part of the code.
	for slug && len(parts) > 2 && tails[parts[len(parts)-1]] {
		parts = parts[:len(parts)-1]
	}
	at := slices.IndexFunc(parts, year)
	if at < 0 || len(parts) < 3 || at+1 < len(parts) && year(parts[at+1]) {
		return "", false
	}
	for _, p := range parts {
		for i := range len(p) {
			if !alnum(p[i]) {
				return "", false
			}
		}
	}
	return strings.Join(parts, "-"), true
}

func year(s string) bool {
	return len(s) == 4 && s[:2] == "20" && digit(s[2]) && digit(s[3]) && s >= "2014" && s <= "2039"
}

// comAt reads the number of a proposal of the Commission, COM(2023) 244, at the beginning of s.
func comAt(s string) (string, int) {
	if len(s) < 9 || !strings.EqualFold(s[1:3], "om") {
		return "", 0
	}
	if up := s[1:3]; up != "OM" {
		return "", 0
	}
	i := 3
	if s[i] == ' ' {
		i++
	}
	if i+6 > len(s) || s[i] != '(' && s[i] != '/' || !year(s[i+1:i+5]) || s[i+5] != ')' && s[i+5] != '/' {
		return "", 0
	}
	y := s[i+1 : i+5]
	i += 6
	for strings.HasPrefix(s[i:], " ") || strings.HasPrefix(s[i:], "\u00a0") {
		_, n := utf8.DecodeRuneInString(s[i:])
		i += n
	}
	n := 0
	for i+n < len(s) && digit(s[i+n]) {
		n++
	}
	num := strings.TrimLeft(s[i:i+n], "0")
	if num == "" || len(num) > 4 {
		return "", 0
	}
	return "COM(" + y + ")" + num, i + n
}

// celex reads the number by which EUR-Lex keeps a document of the Commission: 52026PC0123 is the proposal COM(2026) 123, and
// 52026DC0140 a communication or report of the same row of numbers.
func celex(token string) (string, bool) {
	if len(token) != 11 || !year(token[1:5]) || token[5:7] != "PC" && token[5:7] != "DC" || strings.ContainsFunc(token[7:], func(r rune) bool { return r < '0' || r > '9' }) {
		return "", false
	}
	num := strings.TrimLeft(token[7:], "0")
	return "COM(" + token[1:5] + ")" + num, num != ""
}

// aresAt reads the number of a document of the Commission, Ares(2026)1234567.
func aresAt(s string) (string, int) {
	if len(s) < 12 || !strings.EqualFold(s[:4], "ares") {
		return "", 0
	}
	i := 4
	if s[i] == ' ' {
		i++
	}
	if i+6 > len(s) || s[i] != '(' && s[i] != '-' || !year(s[i+1:i+5]) || s[i+5] != ')' && s[i+5] != '-' {
		return "", 0
	}
	y := s[i+1 : i+5]
	i += 6
	for i < len(s) && s[i] == ' ' {
		i++
	}
	n := 0
	for i+n < len(s) && digit(s[i+n]) {
		n++
	}
	if n < 4 || n > 9 {
		return "", 0
	}
	return "ARES(" + y + ")" + s[i:i+n], i + n
}

// europeAidAt reads EuropeAid/177773/DD/ACT/XK.
func europeAidAt(s string) (string, int) {
	const head = "europeaid/"
	if len(s) < len(head)+4 || !strings.EqualFold(s[:len(head)], head) {
		return "", 0
	}
	i := len(head)
	for i < len(s) && (alnum(s[i]) || s[i] == '/' && i+1 < len(s) && alnum(s[i+1])) {
		i++
	}
	if !digit(s[len(head)]) {
		return "", 0
	}
	return strings.ToUpper(s[:i]), i
}

// inquiryAt reads the number of an inquiry of the Swedish state, SOU 2021:42 or Ds 2016:4.
func inquiryAt(s string) (string, int) {
	head := 0
	switch {
	case strings.HasPrefix(s, "SOU "):
		head = 4
	case strings.HasPrefix(s, "Ds "):
		head = 3
	default:
		return "", 0
	}
	y, rest, ok := strings.Cut(s[head:], ":")
	if !ok || len(y) != 4 || strings.Trim(y, "0123456789") != "" {
		return "", 0
	}
	n := 0
	for n < len(rest) && digit(rest[n]) {
		n++
	}
	if n == 0 || n > 3 {
		return "", 0
	}
	end := head + 5 + n
	return strings.ToUpper(s[:head]) + s[head:end], end
}

// dnr reads a diarienummer of a Swedish authority, 2026-01234.
func dnr(token string) (string, bool) {
	y, n, ok := strings.Cut(token, "-")
	if !ok || !year(y) || len(n) < 5 || len(n) > 6 || strings.Trim(n, "0123456789") != "" {
		return "", false
	}
	return "DNR " + token, true
}

// dnrBefore tells whether a text that ends here announces a diarienummer: without that, it is any number.
func dnrBefore(s string) bool {
	s = s[max(0, len(s)-24):]
	s = strings.ToLower(s[strings.LastIndexAny(s, "0123456789")+1:])
	return strings.Contains(s, "dnr") || strings.Contains(s, "diarie")
}

// labelled tells whether a text that ends here has just said what kind of code follows.
func labelled(before string) bool {
	before = strings.TrimRight(before, " \u00a0\n\"'(“”«")
	if !strings.HasSuffix(before, ":") {
		return false
	}
	before = strings.TrimRight(strings.TrimSuffix(before, ":"), " ")
	if i := strings.LastIndexAny(before, "\n.;,·|•:"); i >= 0 {
		before = before[i+1:]
	}
	return slices.Contains(labels, strings.ToLower(strings.TrimSpace(before)))
}

// around quotes the words about a find.
func around(s string, start, end int) string {
	from, to := max(0, start-40), min(len(s), end+40)
	for from > 0 && !utf8.RuneStart(s[from]) {
		from--
	}
	for to < len(s) && !utf8.RuneStart(s[to]) {
		to++
	}
	head, tail := s[from:start], s[end:to]
	if i := strings.IndexAny(head, " \n"); from > 0 && i >= 0 {
		head = "…" + head[i+1:]
	}
	if i := strings.LastIndexAny(tail, " \n"); to < len(s) && i >= 0 {
		tail = tail[:i] + "…"
	}
	return text.Clean(head + s[start:end] + tail)
}

// below tells whether code is one of the parts of whole, as HORIZON-CL5-2026-D3-01-05 is of HORIZON-CL5-2026-D3-01.
func below(code, whole string) bool {
	return len(code) > len(whole) && strings.HasPrefix(code, whole) && (code[len(whole)] == '-')
}
