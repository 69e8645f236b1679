package store

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/klauspost/compress/zstd"

	"utkik/internal/call"
)

// maxUnpacked is the most that one stored value may hold, so that a damaged one cannot take all memory.
const maxUnpacked = 1 << 30

// The coders keep no state between two calls and serve all goroutines. Fastest: on texts of calls the next
// level saves 3 % of the space, and takes longer for it.
var (
	packer = sync.OnceValues(func() (*zstd.Encoder, error) {
		return zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithZeroFrames(true),
			zstd.WithLowerEncoderMem(true))
	})
	unpacker = sync.OnceValues(func() (*zstd.Decoder, error) {
		return zstd.NewReader(nil, zstd.WithDecoderMaxMemory(maxUnpacked), zstd.WithDecoderConcurrency(0))
	})
)

// pack compresses b; never to nil.
func pack(b []byte) ([]byte, error) {
	enc, err := packer()
	if err != nil {
		return nil, err
	}
	return enc.EncodeAll(b, make([]byte, 0, len(b)/2+64)), nil
}

// unpack gives what pack was given. A damaged value is an error: it carries a checksum.
func unpack(b []byte) ([]byte, error) { return unpackTo(nil, b) }

// unpackTo is unpack into the room of out, to which it appends.
func unpackTo(out, b []byte) ([]byte, error) {
	dec, err := unpacker()
	if err != nil {
		return nil, err
	}
	out, err = dec.DecodeAll(b, out)
	if err != nil {
		return nil, fmt.Errorf("a stored text is damaged: put a backup of the data folder in its place: %v", err)
	}
	return out, nil
}

func digest(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// Hash gives the hash under which c would be stored.
func Hash(c *call.Call) (string, error) {
	line, err := call.Encode(c)
	return digest(line), err
}

// packCall gives the exchange form of c, compressed, and its hash.
func packCall(c *call.Call) (body []byte, hash string, err error) {
	line, err := call.Encode(c)
	if err != nil {
		return nil, "", err
	}
	body, err = pack(line)
	return body, digest(line), err
}

// unpackCall reads what packCall wrote. Unlike [call.Decode] it takes what is not valid, and keys that the
// program no longer knows: quarantine holds the one, old versions may hold the other.
func unpackCall(body []byte) (call.Call, error) {
	line, err := unpack(body)
	if err != nil {
		return call.Call{}, err
	}
	var c call.Call
	if err := json.Unmarshal(line, &c); err != nil {
		return call.Call{}, fmt.Errorf("a stored call cannot be read: %v", err)
	}
	return c, nil
}

// textOf gives the text of a call in the form that [call.Encode] writes. Searches show snippets of twenty calls at a time,
// and to check and take apart all of a call would be most of their work: what is no text is passed over.
func textOf(line []byte) (string, error) {
	raw, ok := rawText(line)
	ok = ok && utf8.Valid(raw)
	if ok && bytes.IndexByte(raw, '\\') < 0 {
		return string(raw), nil
	}
	if ok {
		if out, ok := unescaped(raw); ok {
			return out, nil
		}
	}
	var c struct {
		Text string `json:"text"`
	}
	err := json.Unmarshal(line, &c)
	return c.Text, err
}

// rawText finds the text's string, without its quotes, among the members of an object; ok tells that it is there.
func rawText(line []byte) (raw []byte, ok bool) {
	depth := 0
	for i := 0; i < len(line); i++ {
		switch line[i] {
		case '{', '[':
			depth++
		case '}', ']':
			depth--
		case '"':
			end := stringEnd(line, i+1)
			if end < 0 {
				return nil, false
			}
			if depth == 1 && string(line[i:end+1]) == `"text"` && bytes.HasPrefix(line[end+1:], []byte(`:"`)) {
				from := end + len(`":"`)
				to := stringEnd(line, from)
				return line[from:max(from, to)], to >= 0
			}
			i = end
		}
	}
	return nil, false
}

// stringEnd gives the place of the quote that ends a string, or -1.
func stringEnd(line []byte, from int) int {
	for i := from; ; i++ {
		n := bytes.IndexByte(line[i:], '"')
		if n < 0 {
			return -1
		}
		i += n
		slashes := 0
		for k := i - 1; k >= from && line[k] == '\\'; k-- {
			slashes++
		}
		if slashes%2 == 0 {
			return i
		}
	}
}

// unescaped reads the escapes that the encoder writes for text: not those of a letter outside the basic plane, which it
// writes as it is.
func unescaped(raw []byte) (string, bool) {
	var out strings.Builder
	out.Grow(len(raw))
	for {
		n := bytes.IndexByte(raw, '\\')
		if n < 0 {
			out.Write(raw)
			return out.String(), true
		}
		if n+1 >= len(raw) {
			return "", false
		}
		out.Write(raw[:n])
		c := raw[n+1]
		raw = raw[n+2:]
		switch c {
		case '"', '\\', '/':
			out.WriteByte(c)
		case 'n':
			out.WriteByte('\n')
		case 't':
			out.WriteByte('\t')
		case 'r':
			out.WriteByte('\r')
		case 'b':
			out.WriteByte('\b')
		case 'f':
			out.WriteByte('\f')
		case 'u':
			if len(raw) < 4 {
				return "", false
			}
			code, err := strconv.ParseUint(string(raw[:4]), 16, 16)
			if err != nil || utf16.IsSurrogate(rune(code)) {
				return "", false
			}
			out.WriteRune(rune(code))
			raw = raw[4:]
		default:
			return "", false
		}
	}
}
