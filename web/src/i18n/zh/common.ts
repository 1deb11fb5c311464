import { noticesIn } from '../notices'

export default {
  app: { name: '心理热线', workbench: '心理热线工作台', skip: '跳到正文' },
  menu: { home: '首页', main: '主菜单', open: '展开菜单', close: '收起菜单', waiting: '位等待回复' },
  login: {
    title: '登录工作台', hello: '欢迎回来', username: '用户名', password: '密码', submit: '登录',
    needUsername: '请输入用户名', needPassword: '请输入密码', notHere: '此账号没有工作台',
    ended: {
      expired: '登录已过期，请重新登录。', kept: '同一位用户登录后，没有发出的内容还在。', elsewhere: '此账号已在另一个窗口退出登录。',
      password: '密码已经修改，请用新密码登录。', banned: '此账号已停用，如有疑问请联系管理员。',
    },
  },
  account: {
    menu: '账号', changePassword: '修改密码', logOut: '退出登录', oldPassword: '原密码', newPassword: '新密码',
    repeatPassword: '再输一次新密码', notSame: '两次输入的新密码不一致', tooShort: '新密码至少 8 个字符', changed: '密码已修改，其他设备已退出登录',
    running: { talks: '还有 {n} 个咨询正在进行，退出后您收不到访客的消息。', requests: '还有 {n} 个求助正在进行，退出后您收不到消息。' },
    stillIn: '还没有退出登录：服务器没有确认，请稍后再试。',
    drafts: '没有发送的内容和没有保存的小结会被清除。', stay: '先不退出',
  },
  presence: { title: '我的状态', now: '我的状态：{state}', online: '在线', busy: '忙碌', away: '离开', offline: '离线', offShift: '今天没有排班' },
  connection: {
    open: '已连接', connecting: '正在连接', waiting: '连接已断开，正在重连', idle: '未连接', refused: '登录已失效',
  },
  person: { visitor: '访客 {n}' },
  role: {
    counselor: '咨询师', supervisor: '督导', administrator: '机构管理员', system: '系统管理员', visitor: '访客',
  },
  status: { WAITING: '等待中', IN_PROGRESS: '进行中', FINISHED: '已结束', TIME_OUT: '超时结束', CANCELLED: '已取消' },
  endReason: {
    visitor: '访客结束', counselor: '咨询师结束', supervisor: '督导结束', administrator: '管理员结束', waiting: '等待超时',
    silence: '长时间无消息', limit: '达到时长上限', absent: '访客离开', 'counselor-gone': '咨询师停用', banned: '账号停用',
    'consultation-ended': '咨询已结束',
  },
  state: {
    loading: '正在加载', empty: '暂无内容', wrong: '出了点问题', again: '重试',
    unreachable: '暂时连接不上服务器，请稍后再试', noSession: '登录已失效，请重新登录', refused: '操作未能完成',
  },
  unsaved: { title: '还没有保存', text: '已经填写的内容还没有保存，要放弃吗？', discard: '放弃', stay: '继续填写' },
  button: { ok: '确定', cancel: '取消', save: '保存', reset: '重置', back: '返回', more: '更多' },
  keys: {
    title: '快捷键', next: '下一个等待回复的会话', search: '搜索', help: '显示快捷键', leave: '离开输入框，回到会话列表', move: '在会话列表里上下移动', open: '打开选中的会话',
    letters: '使用单键快捷键', hint: '输入文字时快捷键不起作用；按 Esc 离开输入框后可用。',
  },
  help: {
    title: '帮助',
    guide: { counselor: '咨询师手册', supervisor: '督导手册', administrator: '管理员手册', 'first-day': '第一天', operations: '运维' },
  },
  languageNow: '语言：{now}，切换到 {other}',
  colon: '：',
  comma: '，',
  time: { today: '今天', tomorrow: '明天', yesterday: '昨天', minutes: '{n} 分钟', seconds: '{n} 秒', hours: '{h} 小时 {m} 分钟' },
  chat: {
    messages: '聊天消息', input: '输入消息', hint: 'Enter 发送，Shift+Enter 换行', send: '发送', emoji: '表情', image: '图片',
    imageOf: '{name} 发送的图片', viewer: '查看图片', recall: '撤回', recalled: '{name} 撤回了一条消息', recalledOwn: '你撤回了一条消息',
    read: '已读', unread: '未读', sending: '发送中', failed: '发送失败', again: '重新发送', latest: '回到最新消息', news: '{n} 条新消息',
    empty: '还没有消息', missing: '这里可能有消息没有显示，正在重新读取', missingOnly: '这里可能有消息没有显示', readAgain: '立即读取', askPicture: '发送下面的图片？', tooLong: '消息太长，最多 {max} 个字', tooLarge: '图片太大，最多 {max} MB', notImage: '只能发送 PNG、JPEG、GIF 或 WebP 图片',
    pictureGone: '图片无法显示', cannotRecall: '撤回失败', open: '打开',
    other: {
      TIMSoundElem: '[语音]', TIMFileElem: '[文件]', TIMVideoFileElem: '[视频]', TIMFaceElem: '[表情]', TIMLocationElem: '[位置]',
      TIMCustomElem: '[自定义消息]', TIMImageElem: '[图片]', TIMRelayElem: '[聊天记录]', unknown: '[消息]',
    },
    notice: noticesIn('zh'),
    why: {
      network: '没有发出去，请检查网络后重试', refused: '这条消息无法发送', noSession: '登录已失效，没有发出去', ended: '咨询已结束，没有发出去',
      waiting: '咨询尚未开始，没有发出去', unknown: '会话未找到，没有发出去', empty: '消息内容不能为空', tooLong: '消息太长，没有发出去', picture: '图片无法发送',
      pictureKind: '只能发送 PNG、JPEG、GIF 或 WebP 图片', pictureDamaged: '图片已损坏，没有发出去', pictureLarge: '图片太大，没有发出去', picturesFull: '本次会话的图片已达上限',
      busy: '系统繁忙，请稍后重试', malformed: '这条消息无法发送', tooLate: '已超过两分钟，不能撤回',
      unknownMessage: '消息未找到', recallEnded: '咨询已结束，不能撤回',
    },
  },
}
