package store

import (
	"encoding/json"
	"testing"

	"utkik/internal/call"
)

// FuzzTextOf holds the quick way to a call's text to the thorough one.
func FuzzTextOf(f *testing.F) {
	for _, s := range []string{
		"", "Trees store carbon.", "a \"quoted\" word\n\nand a \\ backslash\\", "line\u2028separator", "\x00\x1f\x7f", "𝔘 and å\xff", `","text":"`, "\\u0041",
	} {
		f.Add(s, s)
	}
	f.Fuzz(func(t *testing.T, title, text string) {
		line, err := call.Encode(&call.Call{Source: "s", Ref: title, Title: title, Text: text, Topics: []string{text, "text"},
			Links: []call.Link{{Title: text, URL: title}}})
		if err != nil {
			t.Skip(err)
		}
		var want call.Call
		if err := json.Unmarshal(line, &want); err != nil {
			t.Fatal(err)
		}
		if got, err := textOf(line); err != nil || got != want.Text {
			t.Errorf("text of %s: %q, %v, want %q", line, got, err, want.Text)
		}
	})
}

// FuzzTextOfLine gives it lines that this program did not write, which are read as JSON is or not at all.
func FuzzTextOfLine(f *testing.F) {
	for _, s := range []string{
		`{"text":"a"}`, `{"text" : "a"}`, `{"text":"\ud835\udd18"}`, `{"text":"\x"}`, `{"text":"a`, `{"text":1}`, `{"links":[{"text":"no"}],"text":"yes"}`, `{"a":"text"}`, `[]`, ``,
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, line string) {
		var want struct {
			Text string `json:"text"`
		}
		if json.Unmarshal([]byte(line), &want) != nil || !plainKeys([]byte(line)) {
			_, _ = textOf([]byte(line)) // whatever it says, it ends
			return
		}
		if got, err := textOf([]byte(line)); err != nil || got != want.Text {
			t.Errorf("text of %s: %q, %v, want %q", line, got, err, want.Text)
		}
	})
}

// plainKeys tells that an object has no key that encoding/json takes for text besides "text", and that once.
func plainKeys(line []byte) bool {
	var members map[string]json.RawMessage
	if json.Unmarshal(line, &members) != nil {
		return false
	}
	again, err := json.Marshal(members)
	return err == nil && string(again) == string(line) && len(members) == 1
}
