package index

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"utkik/internal/call"
)

// Limits of a query, so that nobody can make the index work for minutes.
const (
	maxQuery   = 1000 // letters
	maxClauses = 32   // words, phrases and field:value pairs
	maxDepth   = 16   // parentheses within parentheses
	minStem    = 3    // letters before a trailing *
)

// Node is a parsed query. String writes it in the query language (doc/query.md) in one plain form, which
// parses to the same nodes again.
type Node interface {
	String() string
}

type (
	andNode  []Node // all of them; at least two
	orNode   []Node // any of them; at least two
	notNode  struct{ Node Node }
	wordNode struct {
		Text   string
		Prefix bool // written with a trailing *
	}
	phraseNode struct{ Text string }
	fieldNode  struct { // title, call, identifier and action hold a word or a phrase, the rest a value
		Field string
		Value string
		Quote bool // written in quotes: of text fields, a phrase
		Star  bool
	}
	rangeNode struct { // days, both ends included; a zero time is no limit
		Field    string
		From, To time.Time
	}
)

func (n andNode) String() string { return join(n, " ", true) }
func (n orNode) String() string  { return join(n, " OR ", false) }

func join(nodes []Node, by string, within bool) string {
	parts := make([]string, len(nodes))
	for i, c := range nodes {
		parts[i] = c.String()
		if _, or := c.(orNode); or && within {
			parts[i] = "(" + parts[i] + ")"
		}
	}
	return strings.Join(parts, by)
}

func (n notNode) String() string {
	switch n.Node.(type) {
	case andNode, orNode:
		return "-(" + n.Node.String() + ")"
	}
	return "-" + n.Node.String()
}

func (n wordNode) String() string {
	if n.Prefix {
		return n.Text + "*"
	}
	return n.Text
}

func (n phraseNode) String() string { return `"` + n.Text + `"` }

func (n fieldNode) String() string {
	v := n.Value
	if n.Quote {
		v = `"` + v + `"`
	}
	if n.Star {
		v += "*"
	}
	return n.Field + ":" + v
}

func (n rangeNode) String() string {
	from, to := n.From.Format(time.DateOnly), n.To.Format(time.DateOnly)
	switch {
	case n.From.IsZero():
		return n.Field + ":<=" + to
	case n.To.IsZero():
		return n.Field + ":>=" + from
	case n.From.Equal(n.To):
		return n.Field + ":" + from
	}
	return n.Field + ":" + from + ".." + to
}

// The fields of the query language, with the Swedish names that are read as well.
var fieldNames = map[string]string{
	"source": "source", "källa": "source",
	"kind": "kind", "typ": "kind",
	"status":    "status",
	"programme": "programme", "program": "programme",
	"priority": "priority", "prioritet": "priority",
	"department": "department", "avdelning": "department",
	"call": "call", "utlysning": "call",
	"identifier": "identifier", "beteckning": "identifier",
	"title": "title", "titel": "title",
	"language": "language", "språk": "language",
	"action": "action", "åtgärd": "action",
	"deadline": "deadline", "sista": "deadline",
	"opens": "opens", "öppnar": "opens",
	"budget": "budget",
}

// Fields lists the names of the query language's fields, sorted.
func Fields() []string {
	var out []string
	for alias, name := range fieldNames {
		if alias == name {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}

// Values of fields that know only some, with the Swedish words that are read as well.
var fieldValues = map[string]map[string]string{
	"status": {
		"forthcoming": string(call.StatusForthcoming), "kommande": string(call.StatusForthcoming),
		"open": string(call.StatusOpen), "öppen": string(call.StatusOpen),
		"closed": string(call.StatusClosed), "stängd": string(call.StatusClosed),
	},
	"kind": {
		"call": string(call.KindCall), "utlysning": string(call.KindCall),
		"consultation": string(call.KindConsultation), "samråd": string(call.KindConsultation), "remiss": string(call.KindConsultation),
		"planned": string(call.KindPlanned), "planerad": string(call.KindPlanned),
		"news": string(call.KindNews), "nyhet": string(call.KindNews),
	},
	"budget": {
		BudgetUnder1M: BudgetUnder1M, Budget1To5M: Budget1To5M, Budget5To20M: Budget5To20M, Budget20To100M: Budget20To100M,
		BudgetOver100M: BudgetOver100M, BudgetNotStated: BudgetNotStated, "ingen": BudgetNotStated,
	},
}

// deadlineWords are what deadline: reads beside days.
var deadlineWords = map[string]string{
	Within1Month: Within1Month, Within3Months: Within3Months, Within6Months: Within6Months, Within12Months: Within12Months,
	DeadlineLater: DeadlineLater, "senare": DeadlineLater, DeadlineNone: DeadlineNone, "ingen": DeadlineNone,
}

// Parse reads a query. A query of nothing but space, punctuation or quotes around nothing gives nil, which
// asks for everything. Errors are of type *QueryError.
func Parse(text string) (Node, error) {
	if n := utf8.RuneCountInString(text); n > maxQuery {
		return nil, &QueryError{Code: ErrTooLong, Pos: maxQuery + 1, Args: []string{strconv.Itoa(n), strconv.Itoa(maxQuery)}}
	}
	tokens, err := lex(text)
	if err != nil {
		return nil, err
	}
	p := &parser{tokens: tokens}
	n, err := p.or()
	if err != nil {
		return nil, err
	}
	if t := p.peek(); t.kind == tokenClose {
		return nil, &QueryError{Code: ErrStrayClose, Pos: t.pos}
	}
	if p.clauses > maxClauses {
		return nil, &QueryError{Code: ErrTooMany, Pos: 1, Args: []string{strconv.Itoa(p.clauses), strconv.Itoa(maxClauses)}}
	}
	return n, nil
}

// Literal writes a query so that each of its words is meant as it is written, as [Query.AsWritten] takes it: in quotes.
func Literal(text string) (string, error) {
	n, err := Parse(text)
	if n == nil || err != nil {
		return "", err
	}
	return literal(n).String(), nil
}

// Less is a query without one of its parts.
type Less struct {
	Part  string // what is left out, in the query language
	Query string // what is left
}

// Loosened tells what a query asks where one of the parts that all must be found is left out, in the order of the parts.
// There is nothing for a query of one part, of alternatives, or where nothing but what must not be found would be left.
func Loosened(text string) ([]Less, error) {
	n, err := Parse(text)
	all, ok := n.(andNode)
	if err != nil || !ok {
		return nil, err
	}
	var out []Less
	for i, part := range all {
		rest := slices.Delete(slices.Clone(all), i, i+1)
		if !slices.ContainsFunc(rest, func(n Node) bool { _, not := n.(notNode); return !not }) {
			continue
		}
		q := rest.String()
		if len(rest) == 1 {
			q = rest[0].String()
		}
		out = append(out, Less{part.String(), q})
	}
	return out, nil
}

func literal(n Node) Node {
	switch n := n.(type) {
	case andNode:
		return andNode(literals(n))
	case orNode:
		return orNode(literals(n))
	case wordNode:
		if !n.Prefix {
			return phraseNode{n.Text}
		}
	}
	return n // what is negated, in quotes or a field's is meant so anyway
}

func literals(nodes []Node) []Node {
	out := make([]Node, len(nodes))
	for i, n := range nodes {
		out[i] = literal(n)
	}
	return out
}

type tokenKind int

const (
	tokenEnd    tokenKind = iota
	tokenWord             // text
	tokenPhrase           // text, without its quotes
	tokenField            // field, and text with its quotes gone if quoted
	tokenNot
	tokenOr
	tokenAnd
	tokenOpen
	tokenClose
)

type lexeme struct {
	kind   tokenKind
	pos    int // the first letter's, counted from 1
	field  string
	text   string
	quoted bool
}

// Word processors turn straight quotes into these.
func isQuote(r rune) bool { return strings.ContainsRune("\"”“„«»", r) }

func lex(text string) ([]lexeme, error) {
	rs := []rune(strings.ToValidUTF8(text, " "))
	var out []lexeme
	for i := 0; i < len(rs); {
		r, pos := rs[i], i+1
		switch {
		case unicode.IsSpace(r) || unicode.IsControl(r):
			i++
		case r == '(':
			out = append(out, lexeme{kind: tokenOpen, pos: pos})
			i++
		case r == ')':
			out = append(out, lexeme{kind: tokenClose, pos: pos})
			i++
		case r == '-' && i+1 < len(rs) && !unicode.IsSpace(rs[i+1]) && rs[i+1] != ')':
			out = append(out, lexeme{kind: tokenNot, pos: pos})
			i++
		case isQuote(r):
			phrase, next, ok := quoted(rs, i)
			if !ok {
				return nil, &QueryError{Code: ErrOpenQuote, Pos: pos}
			}
			out = append(out, lexeme{kind: tokenPhrase, pos: pos, text: phrase})
			i = next
		default:
			end := i
			for end < len(rs) && !unicode.IsSpace(rs[end]) && !unicode.IsControl(rs[end]) && rs[end] != '(' && rs[end] != ')' && !isQuote(rs[end]) {
				end++
			}
			word := string(rs[i:end])
			name, value, colon := strings.Cut(word, ":")
			field, known := fieldNames[strings.ToLower(name)]
			switch {
			case colon && known && value == "" && end < len(rs) && isQuote(rs[end]):
				phrase, next, ok := quoted(rs, end)
				if !ok {
					return nil, &QueryError{Code: ErrOpenQuote, Pos: end + 1}
				}
				out = append(out, lexeme{kind: tokenField, pos: pos, field: field, text: phrase, quoted: true})
				end = next
			case colon && known:
				out = append(out, lexeme{kind: tokenField, pos: pos, field: field, text: value})
			case colon && value != "" && looksLikeField(name, value):
				return nil, &QueryError{Code: ErrUnknownField, Pos: pos, Args: []string{name, strings.Join(Fields(), ", ")}}
			case word == "OR" || word == "ELLER":
				out = append(out, lexeme{kind: tokenOr, pos: pos, text: word})
			case word == "AND" || word == "OCH":
				out = append(out, lexeme{kind: tokenAnd, pos: pos})
			case word == "NOT" || word == "INTE":
				out = append(out, lexeme{kind: tokenNot, pos: pos})
			default:
				out = append(out, lexeme{kind: tokenWord, pos: pos, text: word})
			}
			i = end
		}
	}
	return out, nil
}

// looksLikeField tells field:value from what people paste with a colon in it: EU:s, 2011:7, https://.
func looksLikeField(name, value string) bool {
	if len(name) < 3 || strings.HasPrefix(value, "//") {
		return false
	}
	for _, r := range name {
		if !unicode.IsLower(r) && r != '_' {
			return false
		}
	}
	return true
}

// quoted reads from an opening quote at i to the closing one; next is what follows.
func quoted(rs []rune, i int) (text string, next int, ok bool) {
	for end := i + 1; end < len(rs); end++ {
		if isQuote(rs[end]) {
			clean := strings.Map(func(r rune) rune {
				if unicode.IsControl(r) {
					return ' '
				}
				return r
			}, string(rs[i+1:end]))
			return strings.Join(strings.Fields(clean), " "), end + 1, true
		}
	}
	return "", 0, false
}

type parser struct {
	tokens  []lexeme
	at      int
	depth   int
	clauses int
}

func (p *parser) peek() lexeme {
	if p.at < len(p.tokens) {
		return p.tokens[p.at]
	}
	return lexeme{kind: tokenEnd}
}

// or reads alternatives. A side of which nothing is left after punctuation is dropped; an OR without any
// token beside it is an error.
func (p *parser) or() (Node, error) {
	var out orNode
	for {
		before := p.at
		n, err := p.and()
		if err != nil {
			return nil, err
		}
		t := p.peek()
		if t.kind == tokenOr && p.at == before {
			return nil, &QueryError{Code: ErrBareOr, Pos: t.pos, Args: []string{t.text}}
		}
		if nested, ok := n.(orNode); ok {
			out = append(out, nested...)
		} else if n != nil {
			out = append(out, n)
		}
		if t.kind != tokenOr {
			break
		}
		p.at++
		if next := p.peek(); next.kind == tokenEnd || next.kind == tokenClose {
			return nil, &QueryError{Code: ErrBareOr, Pos: t.pos, Args: []string{t.text}}
		}
	}
	switch len(out) {
	case 0:
		return nil, nil
	case 1:
		return out[0], nil
	}
	return out, nil
}

func (p *parser) and() (Node, error) {
	var out andNode
	for {
		t := p.peek()
		if t.kind == tokenEnd || t.kind == tokenOr || t.kind == tokenClose {
			break
		}
		if t.kind == tokenAnd {
			p.at++
			continue
		}
		n, err := p.unary()
		if err != nil {
			return nil, err
		}
		if nested, ok := n.(andNode); ok {
			out = append(out, nested...)
		} else if n != nil {
			out = append(out, n)
		}
	}
	switch len(out) {
	case 0:
		return nil, nil
	case 1:
		return out[0], nil
	}
	return out, nil
}

func (p *parser) unary() (Node, error) {
	t := p.peek()
	p.at++
	switch t.kind {
	case tokenNot:
		switch p.peek().kind {
		case tokenEnd, tokenClose, tokenOr, tokenAnd:
			return nil, &QueryError{Code: ErrBareNot, Pos: t.pos}
		}
		if p.depth++; p.depth > maxDepth {
			return nil, &QueryError{Code: ErrTooDeep, Pos: t.pos, Args: []string{strconv.Itoa(maxDepth)}}
		}
		n, err := p.unary()
		p.depth--
		if err != nil || n == nil {
			return nil, err
		}
		if twice, ok := n.(notNode); ok {
			return twice.Node, nil
		}
		return notNode{n}, nil
	case tokenOpen:
		if p.depth++; p.depth > maxDepth {
			return nil, &QueryError{Code: ErrTooDeep, Pos: t.pos, Args: []string{strconv.Itoa(maxDepth)}}
		}
		n, err := p.or()
		p.depth--
		if err != nil {
			return nil, err
		}
		if p.peek().kind != tokenClose {
			return nil, &QueryError{Code: ErrOpenParen, Pos: t.pos}
		}
		p.at++
		return n, nil
	case tokenPhrase:
		if !hasWord(t.text) {
			return nil, nil
		}
		p.clauses++
		return phraseNode{t.text}, nil
	case tokenField:
		p.clauses++
		return field(t)
	}
	// What is left is a word: the callers see to it that no other token comes here.
	text, star, err := cutStar(t, t.text, 0)
	if err != nil {
		return nil, err
	}
	if !hasWord(text) {
		return nil, nil
	}
	p.clauses++
	return wordNode{text, star}, nil
}

// cutStar takes the trailing * off a word. skip is how many letters stand before text in the token.
func cutStar(t lexeme, text string, skip int) (string, bool, error) {
	head, tail, found := strings.Cut(text, "*")
	if !found {
		return text, false, nil
	}
	at := t.pos + skip + utf8.RuneCountInString(head)
	switch {
	case !hasWord(head) && !hasWord(tail):
		return "", false, nil // a * by itself is punctuation
	case !hasWord(head):
		return "", false, &QueryError{Code: ErrLeadingStar, Pos: at, Args: []string{strings.ReplaceAll(text, "*", "")}}
	case strings.Trim(tail, "*") != "":
		return "", false, &QueryError{Code: ErrInnerStar, Pos: at, Args: []string{head + "*"}}
	case letters(head) < minStem:
		return "", false, &QueryError{Code: ErrShortStar, Pos: at, Args: []string{head + "*", strconv.Itoa(minStem)}}
	}
	if r, _ := utf8.DecodeLastRuneInString(head); !isWordRune(r) {
		return head, false, nil // HORIZON-CL5-* asks for what HORIZON-CL5 asks for
	}
	return head, true, nil
}

func hasWord(s string) bool { return strings.ContainsFunc(s, isWordRune) }

func letters(s string) int {
	n := 0
	for _, r := range s {
		if isWordRune(r) {
			n++
		}
	}
	return n
}

func field(t lexeme) (Node, error) {
	skip := utf8.RuneCountInString(t.field) + 1
	if v, ok := deadlineWords[strings.ToLower(t.text)]; ok && t.field == facetDeadline {
		return fieldNode{Field: t.field, Value: v}, nil
	}
	if t.field == facetDeadline || t.field == fieldOpens {
		return days(t, skip)
	}
	if !hasWord(t.text) {
		return nil, &QueryError{Code: ErrNoValue, Pos: t.pos, Args: []string{t.field}}
	}
	if values, closed := fieldValues[t.field]; closed {
		v, ok := values[strings.ToLower(t.text)]
		if !ok {
			var want []string
			for alias, name := range values {
				if alias == name {
					want = append(want, name)
				}
			}
			slices.Sort(want)
			return nil, &QueryError{Code: ErrUnknownValue, Pos: t.pos + skip, Args: []string{t.field, t.text, strings.Join(want, ", ")}}
		}
		return fieldNode{Field: t.field, Value: v}, nil
	}
	if t.quoted {
		return fieldNode{Field: t.field, Value: t.text, Quote: true}, nil
	}
	text, star, err := cutStar(t, t.text, skip)
	if err != nil {
		return nil, err
	}
	return fieldNode{Field: t.field, Value: text, Star: star}, nil
}

// days reads a day, a month or a year, or a range of them: 2026-09, 2026-09-01..2026-12-31, >=2026-09-01,
// <2026-10-01.
func days(t lexeme, skip int) (Node, error) {
	bad := func() (Node, error) {
		return nil, &QueryError{Code: ErrBadDate, Pos: t.pos + skip, Args: []string{t.field, t.text}}
	}
	n := rangeNode{Field: t.field}
	var ok bool
	cut := func(prefix string) (string, bool) { return strings.CutPrefix(t.text, prefix) }
	if a, b, isRange := strings.Cut(t.text, ".."); isRange {
		if a == "" && b == "" {
			return bad()
		}
		if a != "" {
			if n.From, _, ok = period(a); !ok {
				return bad()
			}
		}
		if b != "" {
			if _, n.To, ok = period(b); !ok {
				return bad()
			}
		}
		if a != "" && b != "" && n.To.Before(n.From) {
			return nil, &QueryError{Code: ErrBackwards, Pos: t.pos + skip, Args: []string{t.field, b + ".." + a}}
		}
		return n, nil
	}
	if v, is := cut(">="); is {
		n.From, _, ok = period(v)
	} else if v, is := cut(">"); is {
		if _, n.From, ok = period(v); ok {
			n.From = n.From.AddDate(0, 0, 1)
		}
	} else if v, is := cut("<="); is {
		_, n.To, ok = period(v)
	} else if v, is := cut("<"); is {
		if n.To, _, ok = period(v); ok {
			n.To = n.To.AddDate(0, 0, -1)
		}
	} else {
		n.From, n.To, ok = period(t.text)
	}
	if !ok {
		return bad()
	}
	return n, nil
}

// period gives the first and last day of a day, month or year.
func period(s string) (from, to time.Time, ok bool) {
	for _, p := range []struct {
		layout string
		y, m   int
	}{{"2006", 1, 0}, {"2006-01", 0, 1}, {time.DateOnly, 0, 0}} {
		if len(s) != len(p.layout) {
			continue
		}
		t, err := time.Parse(p.layout, s)
		// The first and the last year stay out so that the day before and after can be written too.
		if err != nil || t.Year() < 1900 || t.Year() > 9998 {
			return time.Time{}, time.Time{}, false
		}
		if p.y == 0 && p.m == 0 {
			return t, t, true
		}
		return t, t.AddDate(p.y, p.m, -1), true
	}
	return time.Time{}, time.Time{}, false
}

// Codes of the ways in which a query can be wrong.
const (
	ErrTooLong      = "too-long"
	ErrTooMany      = "too-many"
	ErrTooDeep      = "too-deep"
	ErrOpenQuote    = "open-quote"
	ErrOpenParen    = "open-parenthesis"
	ErrStrayClose   = "stray-parenthesis"
	ErrBareOr       = "bare-or"
	ErrBareNot      = "bare-not"
	ErrUnknownField = "unknown-field"
	ErrUnknownValue = "unknown-value"
	ErrNoValue      = "no-value"
	ErrBadDate      = "bad-date"
	ErrBackwards    = "backwards"
	ErrLeadingStar  = "leading-star"
	ErrInnerStar    = "inner-star"
	ErrShortStar    = "short-star"
	ErrWideStar     = "wide-star"
)

// QueryError tells a reader what is wrong with a query, where, and what to write instead.
type QueryError struct {
	Code string   // one of the Err constants; callers may word it themselves
	Pos  int      // the letter that it is about, counted from 1
	Args []string // what the code's message names, in its order
}

// messages are the sentences of the codes, English then Swedish; %[1]s is the first of Args.
var messages = map[string][2]string{
	ErrTooLong:      {"the query is %[1]s letters long; write at most %[2]s", "sökningen är %[1]s tecken lång; skriv högst %[2]s"},
	ErrTooMany:      {"the query has %[1]s parts; write at most %[2]s words, phrases and fields", "sökningen har %[1]s delar; skriv högst %[2]s ord, fraser och fält"},
	ErrTooDeep:      {"more than %[1]s parentheses or minus signs inside each other; write it flatter", "mer än %[1]s parenteser eller minustecken i varandra; skriv det plattare"},
	ErrOpenQuote:    {"a quote is not closed; write \"words in order\" or leave the quote out", "ett citattecken saknar sitt slut; skriv \"ord i följd\" eller ta bort tecknet"},
	ErrOpenParen:    {"a parenthesis is not closed; write (forest OR wood) or leave it out", "en parentes saknar sitt slut; skriv (skog OR trä) eller ta bort den"},
	ErrStrayClose:   {"a parenthesis is closed that was never opened; leave it out", "en parentes stängs som aldrig öppnats; ta bort den"},
	ErrBareOr:       {"%[1]s needs a word on both sides: forest %[1]s wood; in quotes it is a word like others", "%[1]s behöver ett ord på båda sidor: skog %[1]s trä; inom citattecken är det ett ord som andra"},
	ErrBareNot:      {"the minus needs a word after it: -forest", "minustecknet behöver ett ord efter sig: -skog"},
	ErrUnknownField: {"there is no field %[1]q; write one of %[2]s, or put it in quotes to search for it as text", "det finns inget fält %[1]q; skriv ett av %[2]s, eller sätt citattecken om det för att söka det som text"},
	ErrUnknownValue: {"%[1]s:%[2]s asks for nothing that exists; write one of %[3]s", "%[1]s:%[2]s frågar efter något som inte finns; skriv ett av %[3]s"},
	ErrNoValue:      {"%[1]s: needs a value right after the colon, such as %[1]s:words or %[1]s:\"more words\"", "%[1]s: behöver ett värde direkt efter kolonet, som %[1]s:ord eller %[1]s:\"flera ord\""},
	ErrBadDate:      {"%[1]s:%[2]s is no date; write %[1]s:2026-09-22, %[1]s:2026-09, %[1]s:2026-09-01..2026-12-31, %[1]s:>=2026-09-01 or %[1]s:<2026-10-01", "%[1]s:%[2]s är inget datum; skriv %[1]s:2026-09-22, %[1]s:2026-09, %[1]s:2026-09-01..2026-12-31, %[1]s:>=2026-09-01 eller %[1]s:<2026-10-01"},
	ErrBackwards:    {"%[1]s ends before it begins; write %[1]s:%[2]s", "%[1]s slutar innan det börjar; skriv %[1]s:%[2]s"},
	ErrLeadingStar:  {"a * can only end a word; write %[1]s", "en * kan bara avsluta ett ord; skriv %[1]s"},
	ErrInnerStar:    {"a * can only end a word; write %[1]s", "en * kan bara avsluta ett ord; skriv %[1]s"},
	ErrWideStar:     {"%[1]s stands for too many words; write more letters before the *", "%[1]s står för för många ord; skriv fler bokstäver före *"},
	ErrShortStar:    {"%[1]s is too short; write at least %[2]s letters before the *", "%[1]s är för kort; skriv minst %[2]s bokstäver före *"},
}

// Error gives the English sentence with its position.
func (e *QueryError) Error() string {
	return "query, letter " + strconv.Itoa(e.Pos) + ": " + e.Message("en")
}

// Message gives the sentence for readers, in Swedish for sv and else in English.
func (e *QueryError) Message(lang string) string {
	m := messages[e.Code]
	text := m[0]
	if lang == "sv" {
		text = m[1]
	}
	args := make([]any, len(e.Args))
	for i, a := range e.Args {
		args[i] = a
	}
	if len(args) == 0 {
		return text
	}
	return fmt.Sprintf(text, args...)
}
