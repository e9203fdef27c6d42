/* Points on a canvas: by WebGL, or pixel by pixel where no graphics card stands behind it. Both keep three arrays, "at"
   (uint16, n × 2), "group" and "lit" (uint8, n), and paint a frame: {n, x, y, step, width, height, ratio, looks,
   passes}, where x, y is what lies in the middle, step what a pixel is wide, looks are [colour, shape, hidden] of each
   group, and passes are [which of lit, −1 for all; opacity; pixels of a point; one colour for all, if there is one]. */

const FULL = 65535;
const GROUPS = 64; // most groups that the shader has room for
const SHAPES = ["circle", "square", "diamond", "triangle", "cross", "x"];

const VERTEX = `
attribute vec2 at; attribute float group, lit;
uniform vec2 scale, shift; uniform float size, part; uniform vec4 looks[${GROUPS}];
varying vec3 colour; varying float shape;
void main() {
  vec4 look = looks[int(group)];
  bool seen = look.a >= 0.0 && (part < 0.0 || part == lit);
  gl_Position = seen ? vec4(at * scale + shift, 0.0, 1.0) : vec4(2.0, 2.0, 2.0, 1.0);
  gl_PointSize = size; colour = look.rgb; shape = look.a;
}`;
/* `d` is the distance from the edge of the shape, in its radius; over the width of a pixel the edge is soft. */
const FRAGMENT = `
precision mediump float;
varying vec3 colour; varying float shape; uniform float opacity, width;
void main() {
  vec2 p = 2.0 * gl_PointCoord - 1.0, q = abs(p), t = abs(vec2(p.x + p.y, p.x - p.y)) * 0.7;
  float d = shape < 0.5 ? length(p) - 0.9 : shape < 1.5 ? max(q.x, q.y) - 0.8 : shape < 2.5 ? (q.x + q.y - 1.0) * 0.7 :
    shape < 3.5 ? max(p.y - 0.8, (2.0 * q.x - p.y - 0.9) * 0.45) :
    shape < 4.5 ? max(min(q.x, q.y) - 0.3, max(q.x, q.y) - 0.9) : max(min(t.x, t.y) - 0.3, max(t.x, t.y) - 0.9);
  float alpha = opacity * clamp(0.5 - 0.5 * d * width, 0.0, 1.0);
  gl_FragColor = vec4(colour * alpha, alpha);
}`;

const channels = (hex) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16) / 255);

/* Whether WebGL is drawn by the processor; a browser that was told to allow that does not say so by itself. */
function isSlow(gl) {
  const facts = gl.getExtension("WEBGL_debug_renderer_info");
  return /swiftshader|llvmpipe|software|basic render/i.test(gl.getParameter(facts ? facts.UNMASKED_RENDERER_WEBGL : gl.RENDERER));
}

let fast = null;

function painterOn(canvas, again) {
  const wanted = { antialias: false, failIfMajorPerformanceCaveat: true };
  fast ??= (() => { // once a page; on a canvas of its own, since one that has had WebGL cannot have anything else
    const gl = document.createElement("canvas").getContext("webgl", wanted), answer = Boolean(gl) && !isSlow(gl);
    gl?.getExtension("WEBGL_lose_context")?.loseContext();
    return answer;
  })();
  const gl = fast && canvas.getContext("webgl", wanted);
  return gl ? new GlPainter(canvas, gl, again) : new FlatPainter(canvas);
}

class GlPainter {
  constructor(canvas, gl, again) {
    Object.assign(this, { canvas, gl, arrays: {} });
    canvas.addEventListener("webglcontextlost", (event) => event.preventDefault());
    canvas.addEventListener("webglcontextrestored", () => {
      this.start();
      Object.entries(this.arrays).forEach(([name, values]) => this.send(name, values));
      again();
    });
    this.start();
  }

  /* A browser has few contexts, and is slow to take one back by itself. */
  remove() { this.gl.getExtension("WEBGL_lose_context")?.loseContext(); }

  start() {
    const { gl } = this, program = gl.createProgram();
    for (const [kind, source] of [[gl.VERTEX_SHADER, VERTEX], [gl.FRAGMENT_SHADER, FRAGMENT]]) {
      const shader = gl.createShader(kind);
      gl.shaderSource(shader, source);
      gl.compileShader(shader);
      gl.attachShader(program, shader);
    }
    gl.linkProgram(program);
    gl.useProgram(program);
    gl.enable(gl.BLEND);
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
    const uniforms = ["scale", "shift", "looks", "part", "size", "width", "opacity"];
    this.uniforms = Object.fromEntries(uniforms.map((name) => [name, gl.getUniformLocation(program, name)]));
    this.buffers = Object.fromEntries(["at", "group", "lit"].map((name) => {
      const buffer = gl.createBuffer(), attribute = gl.getAttribLocation(program, name), wide = name === "at";
      gl.bindBuffer(gl.ARRAY_BUFFER, buffer);
      gl.enableVertexAttribArray(attribute);
      gl.vertexAttribPointer(attribute, wide ? 2 : 1, wide ? gl.UNSIGNED_SHORT : gl.UNSIGNED_BYTE, wide, 0, 0);
      return [name, buffer];
    }));
  }

  send(name, values) {
    const { gl } = this;
    this.arrays[name] = values;
    gl.bindBuffer(gl.ARRAY_BUFFER, this.buffers[name]);
    gl.bufferData(gl.ARRAY_BUFFER, values, gl.STATIC_DRAW);
  }

  paint({ n, x, y, step, width, height, ratio, looks, passes }) {
    const { gl, uniforms, canvas } = this;
    gl.viewport(0, 0, canvas.width, canvas.height);
    gl.clear(gl.COLOR_BUFFER_BIT);
    gl.uniform2f(uniforms.scale, (2 * FULL) / step / width, (2 * FULL) / step / height);
    gl.uniform2f(uniforms.shift, (-2 * x) / step / width, (-2 * y) / step / height);
    for (const [part, opacity, pixels, one] of passes) {
      const each = ([colour, shape, hidden]) => [...channels(one ?? colour), hidden ? -1 : SHAPES.indexOf(shape)];
      gl.uniform4fv(uniforms.looks, looks.flatMap(each));
      const size = pixels * ratio + 1; // room for the soft edge
      gl.uniform1f(uniforms.part, part);
      gl.uniform1f(uniforms.size, size);
      gl.uniform1f(uniforms.width, size);
      gl.uniform1f(uniforms.opacity, opacity);
      gl.drawArrays(gl.POINTS, 0, n);
    }
  }
}

/* Pixel by pixel, with a stamp for each group: without a graphics card this is four to twelve times faster than WebGL. */
class FlatPainter {
  constructor(canvas) { Object.assign(this, { canvas, flat: canvas.getContext("2d"), arrays: {} }); }

  remove() {}

  send(name, values) { this.arrays[name] = values; }

  paint({ n, x, y, step, width, height, ratio, looks, passes }) {
    const { canvas, flat, arrays: { at, group, lit } } = this, scale = ratio / step;
    const image = flat.createImageData(canvas.width, canvas.height);
    const sheet = { data: image.data, width: image.width, height: image.height }; // each look at an image's own takes long
    const [left, top] = [(width * ratio) / 2 - x * scale, (height * ratio) / 2 + y * scale];
    for (const [part, opacity, pixels, colour] of passes) {
      const stamps = looks.map((look) => (look[2] ? null : stamp(colour ?? look[0], look[1], opacity, pixels * ratio)));
      for (let i = 0; i < n; i++) {
        const one = stamps[group[i]];
        if (one && (part < 0 || lit[i] === part)) press(sheet, one, left + at[2 * i] * scale, top - at[2 * i + 1] * scale);
      }
    }
    flat.putImageData(image, 0, 0);
  }
}

/* A point as a square of opacities, 0 to 1, with its colour. */
function stamp(colour, shape, opacity, size) {
  const side = Math.ceil(size) + 1, alpha = new Float32Array(side * side), far = DISTANCE[shape];
  for (let i = 0; i < alpha.length; i++) {
    const [px, py] = [i % side, Math.floor(i / side)].map((v) => (2 * v + 1 - side) / (size + 1));
    alpha[i] = opacity * Math.min(1, Math.max(0, 0.5 - 0.5 * far(px, py) * (size + 1)));
  }
  const [red, green, blue] = channels(colour).map((part) => 255 * part);
  return { side, alpha, red, green, blue };
}

/* The same as in the shader. */
const cross = (a, b) => Math.max(Math.min(a, b) - 0.3, Math.max(a, b) - 0.9);
const DISTANCE = {
  circle: (x, y) => Math.hypot(x, y) - 0.9,
  square: (x, y) => Math.max(Math.abs(x), Math.abs(y)) - 0.8,
  diamond: (x, y) => (Math.abs(x) + Math.abs(y) - 1) * 0.7,
  triangle: (x, y) => Math.max(y - 0.8, (2 * Math.abs(x) - y - 0.9) * 0.45),
  cross: (x, y) => cross(Math.abs(x), Math.abs(y)),
  x: (x, y) => cross(Math.abs(x + y) * 0.7, Math.abs(x - y) * 0.7),
};

/* Lay a stamp, its middle at x, y, over what is there. This runs for every point of every frame: no destructuring. */
function press(sheet, one, x, y) {
  const data = sheet.data, width = sheet.width, side = one.side, alpha = one.alpha, red = one.red, green = one.green, blue = one.blue;
  const left = Math.round(x - side / 2), top = Math.round(y - side / 2);
  if (left < 0 || top < 0 || left + side > width || top + side > sheet.height) return;
  for (let row = 0, i = 0; row < side; row++) {
    for (let at = 4 * ((top + row) * width + left), end = at + 4 * side; at < end; at += 4, i++) {
      const over = alpha[i];
      if (over === 0) continue;
      const there = data[at + 3], all = over + (there * (1 - over)) / 255, share = there ? over / all : 1;
      data[at] += (red - data[at]) * share;
      data[at + 1] += (green - data[at + 1]) * share;
      data[at + 2] += (blue - data[at + 2]) * share;
      data[at + 3] = 255 * all;
    }
  }
}

const CELL = 3; // pixels of the screen in whose square points are counted together

/* How many of some points lie together, as the opacity of one colour, on a canvas with a pixel a cell. The root of the
   share of the fullest cell: by the share itself, nothing but the fullest would be seen. */
function shade(canvas, { n, at, counts, x, y, step, width, height, colour }) {
  const across = Math.ceil(width / CELL), down = Math.ceil(height / CELL), cell = step * CELL;
  const left = x - (width / 2) * step, top = y + (height / 2) * step;
  let cells = new Float32Array(across * down);
  for (let i = 0; i < n; i++) {
    const column = Math.floor((at[2 * i] - left) / cell), row = Math.floor((top - at[2 * i + 1]) / cell);
    if (column >= 0 && column < across && row >= 0 && row < down && counts(i)) cells[row * across + column] += 1;
  }
  for (let round = 0; round < 2; round++) cells = smoothed(cells, across, down);
  const most = cells.reduce((a, b) => Math.max(a, b), 0) || 1, image = new ImageData(across, down);
  const rgb = channels(colour).map((part) => 255 * part);
  cells.forEach((many, i) => image.data.set([...rgb, 255 * Math.sqrt(many / most)], 4 * i));
  Object.assign(canvas, { width: across, height: down });
  Object.assign(canvas.style, { width: `${across * CELL}px`, height: `${down * CELL}px` });
  canvas.getContext("2d").putImageData(image, 0, 0);
}

/* The mean of each cell and its neighbours. */
function smoothed(cells, across, down) {
  const result = new Float32Array(cells.length);
  for (let row = 0; row < down; row++) {
    for (let column = 0; column < across; column++) {
      let sum = 0;
      for (let r = Math.max(0, row - 1); r <= Math.min(down - 1, row + 1); r++) {
        for (let c = Math.max(0, column - 1); c <= Math.min(across - 1, column + 1); c++) sum += cells[r * across + c];
      }
      result[row * across + column] = sum / 9;
    }
  }
  return result;
}
