package crawler

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
)

// What a recording must not hold: it is kept in a repository for good, and nobody in it was asked. Addresses of the
// domains that are kept for examples, and telephone numbers of zeros, stand in the place of what was there.
const (
	nobodysMail  = "namn@example.org"
	nobodysPhone = "000-000 00 00"
	nobodysName  = "Namn Namnsson"
	nobodysToken = "removed"
)

var (
	mailAddress = regexp.MustCompile(`(?i)\b[a-z0-9._%+'-]+(?:@|%40|&#0*64;|&commat;|\\u0040| ?\[at\] ?| ?\(at\) ?)(?:[a-z0-9-]+\.)+[a-z]{2,}\b`)
	exampleMail = regexp.MustCompile(`(?i)[.@](example\.(?:org|com|net|eu|se)|[a-z0-9-]+\.example|example)$`)
	// Swedish numbers as they are written for people, and international ones. Groups are wanted: a bare row of digits is
	// more often an id.
	phoneNumber = regexp.MustCompile(`(?:\+|\b00)[1-9]\d{0,2}[ \x{a0}]?(?:\(0\)[ \x{a0}]?|[ \x{a0}])\d{1,4}(?:[ \x{a0}-]\d{2,4}){1,4}\b|\+[1-9]\d{7,13}\b` +
		`|\b0\d{1,3} ?[-–/] ?(?:\d{2,3}[ \x{a0}]\d{2,3}[ \x{a0}]\d{2,3}|\d{3}[ \x{a0}]\d{3}|\d{5,8})\b`)
	phoneLink    = regexp.MustCompile(`(?i)\btel:[+0-9()  .-]{5,}`)
	zeros        = regexp.MustCompile(`^[^1-9]*$`)
	bearer       = regexp.MustCompile(`(?i)\b(?:bearer|basic) +[a-z0-9+/._~-]{12,}=*`)
	webToken     = regexp.MustCompile(`\beyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}(?:\.[A-Za-z0-9_-]*)?`)
	hiddenToken  = regexp.MustCompile(`(?is)<(?:input|meta)\b[^>]*(?:csrf|xsrf|token|nonce|viewstate|session|recaptcha|sitekey)[^>]*>`)
	tokenValue   = regexp.MustCompile(`(?is)\b(value|content)\s*=\s*("[^"]*"|'[^']*')`)
	tokenInLink  = regexp.MustCompile(`(?i)([?&;](?:[a-z_.-]*token|sessionid|jsessionid|phpsessid|sid|auth|signature|sig)=)([^&"'\s<>#?]+)`)
	personalName = regexp.MustCompile(`(?i)^(?:kontakt.*|contacts?|contact(?:person|point|info|list|details?|name).*|.*e-?mail.*|.*e-?post.*|.*phone.*|.*telefon.*|mobil(?:e|nummer)?|fax.*|handläggare.*|.*token|.*secret.*|.*password.*|authorization|cookies?|set-cookie|session(?:_?id)?)$`)
	// The name of an event in a calendar, over its folded lines. It looks like a mail address, and is what tells events apart.
	eventName   = regexp.MustCompile(`(?im)^(?:UID|RELATED-TO)[;:].*(?:\r?\n[ \t].*)*`)
	sixDigits   = regexp.MustCompile(`(?:\d[^@\d]*){6}@`) // of a time or a number; no person's address has as many
	nameLetters = regexp.MustCompile(`^[a-z-]{2,}$`)
	headerLine  = regexp.MustCompile(`(?im)^(?:set-cookie|cookie|authorization|proxy-authorization|x-api-key|x-auth-token):.*$`)
)

// keptHeaders are those of an answer that its reading depends on.
func keptHeaders() []string { return []string{"Content-Type", "Etag", "Last-Modified"} }

// scrubHeader gives the headers of an answer that may be recorded.
func scrubHeader(h http.Header) http.Header {
	out := http.Header{}
	for _, k := range keptHeaders() {
		if v := h.Get(k); v != "" {
			out.Set(k, v)
		}
	}
	return out
}

// scrub gives a body without what a recording must not hold: mail addresses, telephone numbers, contact lists of JSON,
// tokens. A name that stands alone it does not know: whoever keeps a recording reads it first.
func scrub(body []byte) []byte {
	if out, err := withoutMembers(body); err == nil {
		body = out
	}
	names := map[string]bool{}
	var out []byte
	last := 0
	for _, at := range mails(body) {
		if first, last, ok := nameIn(string(body[at[0]:at[1]])); ok {
			names[first+"."+last] = true
		}
		out = append(append(out, body[last:at[0]]...), nobodysMail...)
		last = at[1]
	}
	body = append(out, body[last:]...)
	for name := range names { // order does not matter: each is replaced by the same
		first, last, _ := strings.Cut(name, ".")
		body = spelled(first, last).ReplaceAll(body, []byte(nobodysName))
	}
	body = phoneLink.ReplaceAll(body, []byte("tel:"+nobodysPhone))
	body = withoutPhones(body)
	body = hiddenToken.ReplaceAllFunc(body, func(m []byte) []byte {
		return tokenValue.ReplaceAll(m, []byte(`$1="`+nobodysToken+`"`))
	})
	body = tokenInLink.ReplaceAll(body, []byte("${1}"+nobodysToken))
	body = webToken.ReplaceAll(body, []byte(nobodysToken))
	return bearer.ReplaceAll(body, []byte(nobodysToken))
}

// mails gives where mail addresses stand that are somebody's.
func mails(body []byte) [][]int {
	var events [][]int
	if bytes.Contains(body, []byte("BEGIN:VEVENT")) {
		events = eventName.FindAllIndex(body, -1)
	}
	return slices.DeleteFunc(mailAddress.FindAllIndex(body, -1), func(at []int) bool {
		m := body[at[0]:at[1]]
		if exampleMail.Match(m) {
			return true
		}
		i := slices.IndexFunc(events, func(e []int) bool { return e[0] <= at[0] && at[1] <= e[1] })
		return i >= 0 && sixDigits.Match(body[events[i][0]:at[1]])
	})
}

// phones gives where telephone numbers stand. What goes on from digits before it is a date or an id.
func phones(body []byte) [][]int {
	return slices.DeleteFunc(phoneNumber.FindAllIndex(body, -1), func(at []int) bool {
		before := byte(' ')
		if at[0] > 0 {
			before = body[at[0]-1]
		}
		return before == '-' || before == '.' || before >= '0' && before <= '9' || zeros.Match(body[at[0]:at[1]])
	})
}

func withoutPhones(body []byte) []byte {
	var out []byte
	last := 0
	for _, at := range phones(body) {
		out = append(append(out, body[last:at[0]]...), nobodysPhone...)
		last = at[1]
	}
	return append(out, body[last:]...)
}

// nameIn gives the name of a person whose address tells it: anna.andersson@....
func nameIn(address string) (first, last string, ok bool) {
	local, _, _ := strings.Cut(strings.ToLower(address), "@")
	first, last, ok = strings.Cut(local, ".")
	return first, last, ok && nameLetters.MatchString(first) && nameLetters.MatchString(last)
}

// spelled fits a name as it is written in a text: addresses write å as a.
func spelled(first, last string) *regexp.Regexp {
	folded := strings.NewReplacer("a", "[aåäá]", "o", "[oöøó]", "e", "[eéè]", "u", "[uü]", "-", "[- ]")
	return regexp.MustCompile(`(?i)` + folded.Replace(first) + `\s+` + folded.Replace(last))
}

// withoutMembers gives a JSON value with what its personal members hold replaced by nothing of the same sort, so that it
// is still what its kind expects. Everything else stays as it was written.
func withoutMembers(body []byte) ([]byte, error) {
	if b := bytes.TrimSpace(body); len(b) == 0 || b[0] != '{' && b[0] != '[' {
		return nil, errors.New("no JSON")
	}
	var out bytes.Buffer
	last := int64(0)
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.UseNumber()
	var depth []bool // whether each level is an object
	key := false     // whether the next token is a key
	for {
		tok, err := dec.Token()
		if errors.Is(err, io.EOF) {
			out.Write(body[last:])
			return out.Bytes(), nil
		}
		if err != nil {
			return nil, err
		}
		switch d, _ := tok.(json.Delim); {
		case d == '{' || d == '[':
			depth = append(depth, d == '{')
			key = d == '{'
			continue
		case d == '}' || d == ']':
			depth = depth[:len(depth)-1]
			key = len(depth) > 0 && depth[len(depth)-1]
			continue
		}
		if !key { // a value of an object or a list
			key = len(depth) > 0 && depth[len(depth)-1]
			continue
		}
		key = false
		if name, _ := tok.(string); !personalName.MatchString(name) {
			continue
		}
		var value json.RawMessage
		if err := dec.Decode(&value); err != nil {
			return nil, err
		}
		key = true
		end := dec.InputOffset()
		out.Write(body[last : end-int64(len(value))])
		out.WriteString(empty(value))
		last = end
	}
}

// empty is nothing of the same sort as a JSON value. A word that says whether there is something stays.
func empty(value []byte) string {
	switch value[0] {
	case '"':
		return `""`
	case '[':
		return "[]"
	case '{':
		return "{}"
	case 't', 'f', 'n':
		return string(value)
	}
	return "0"
}

// Confidential names what a recording holds and must not, each in a few words; nothing when it may be kept.
func Confidential(recording []byte) []string {
	var out []string
	add := func(what string, found []byte) {
		if s := fmt.Sprintf("%s %q", what, found); !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	for _, at := range mails(recording) {
		add("mail address", recording[at[0]:at[1]])
	}
	for _, at := range phones(recording) {
		add("telephone number", recording[at[0]:at[1]])
	}
	for _, m := range phoneLink.FindAll(recording, -1) {
		if !zeros.Match(m) {
			add("telephone number", m)
		}
	}
	for _, m := range hiddenToken.FindAll(recording, -1) {
		for _, v := range tokenValue.FindAllSubmatch(m, -1) {
			if s := strings.Trim(string(v[2]), `"'`); len(s) >= 12 && s != nobodysToken {
				add("token", m)
			}
		}
	}
	for _, m := range tokenInLink.FindAllSubmatch(recording, -1) {
		if string(m[2]) != nobodysToken {
			add("token", m[0])
		}
	}
	for _, m := range append(webToken.FindAll(recording, -1), bearer.FindAll(recording, -1)...) {
		add("token", m)
	}
	for _, m := range headerLine.FindAll(recording, -1) {
		add("header", m)
	}
	return out
}
